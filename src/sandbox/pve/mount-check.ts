/**
 * Simulates ext4's multi-mount protection: if a file system looks as if it were mounted, ext4 waits before it mounts
 * the file system again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from './cluster.js';
import type { Container } from './state.js';

/** The number of workers of a node's daemon (pvedaemon). Each worker handles one request at a time. */
const WORKERS = 3;

/** Waits for the check. Returns at once if there is nothing to check. */
export async function checkMount(cluster: Cluster, { vmid, looksMounted }: Container): Promise<void> {
  const ms = cluster.mountChecks.get(vmid) ?? (looksMounted === true ? cluster.mountCheckMs : 0);
  cluster.mountChecks.delete(vmid);
  if (ms <= 0) return;
  const check = pause(ms);
  cluster.mounting.set(vmid, check);
  await check;
  cluster.mounting.delete(vmid);
}

/**
 * Waits until the check of the container's file system has ended, because the node's daemon does not respond to
 * requests about the container before that. Each waiting request occupies one of the daemon's workers, even after its
 * caller has disconnected.
 */
export async function untilMounted(
  { mounting, hanging }: Pick<Cluster, 'mounting' | 'hanging'>,
  { node, vmid }: Pick<Container, 'node' | 'vmid'>,
): Promise<void> {
  const check = mounting.get(vmid);
  if (!check) return;
  const own = check.then(() => {});
  const here = hanging.get(node) ?? new Set<Promise<void>>();
  hanging.set(node, here.add(own));
  await own;
  here.delete(own);
}

/**
 * Resolves when a worker of the node's daemon is free. Must not be called for requests that do not need root, because
 * other processes handle these.
 */
export async function untilWorkerFree({ hanging }: Pick<Cluster, 'hanging'>, node: string): Promise<void> {
  const here = hanging.get(node);
  while (here && here.size >= WORKERS) await Promise.race(here);
}
