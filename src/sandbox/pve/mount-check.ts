/** The wait of ext4's multi-mount protection before a file system that looks mounted is mounted again. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from './cluster.js';
import type { Container } from './state.js';

/** Workers of a node's daemon (pvedaemon); each handles one call at a time. */
const WORKERS = 3;

/** Returns at once if there is nothing to check. */
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
 * Meanwhile the node's daemon does not answer about such a container. Each request occupies one of its workers, even
 * after its caller has disconnected.
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
 * Returns when a worker of the node is free. Calls that do not need root are answered by other processes, and do not
 * wait.
 */
export async function untilWorkerFree({ hanging }: Pick<Cluster, 'hanging'>, node: string): Promise<void> {
  const here = hanging.get(node);
  while (here && here.size >= WORKERS) await Promise.race(here);
}
