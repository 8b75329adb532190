/** The wait of ext4's multi-mount protection before a file system that looks mounted is mounted again. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from './cluster.js';
import type { Container } from './state.js';

/** Returns at once when there is nothing to check. */
export async function checkMount(cluster: Cluster, { vmid, looksMounted }: Container): Promise<void> {
  const ms = cluster.mountChecks.get(vmid) ?? (looksMounted === true ? cluster.mountCheckMs : 0);
  cluster.mountChecks.delete(vmid);
  if (ms <= 0) return;
  const check = pause(ms);
  cluster.mounting.set(vmid, check);
  await check;
  cluster.mounting.delete(vmid);
}

/** The node's daemon answers nothing about such a container meanwhile. */
export async function untilMounted({ mounting }: Pick<Cluster, 'mounting'>, vmid: number): Promise<void> {
  await mounting.get(vmid);
}
