/** The usage values of guests, nodes and storages, as the API shows them. */
import type { JsonObject } from '../../kernel/json.js';
import type { BackendUsage } from '../backend.js';
import type { Cluster } from './cluster.js';
import { rootDisk } from './ct-config.js';
import { kindOf, type StorageOption } from './options.js';

const GIB = 1024 ** 3;
/** The share of a disk's size that the disk occupies on thin storage. */
const SHARE_IN_USE = 0.03;

export function usageFields(usage: BackendUsage): JsonObject {
  return {
    cpu: usage.cpu,
    mem: usage.memoryBytes,
    disk: usage.diskBytes,
    netin: usage.networkInBytes,
    netout: usage.networkOutBytes,
    uptime: usage.uptimeS,
  };
}

export function nodeUsage(cluster: Cluster, node: string): JsonObject {
  const option = cluster.nodes.find((each) => each.node === node);
  const guests = Object.values(cluster.store.state.containers).filter((each) => each.node === node);
  const used = guests.reduce(
    (sum, { vmid }) => sum + (cluster.stats.of(vmid)?.usage.memoryBytes ?? 0),
    1.5 * GIB,
  );
  return {
    cpu: 0.02,
    maxcpu: option?.cpus ?? 8,
    mem: Math.min(used, option?.memoryBytes ?? used),
    maxmem: option?.memoryBytes ?? 0,
    disk: 6 * GIB,
    maxdisk: 94 * GIB,
    uptime: Math.floor((Date.now() - cluster.startedAt) / 1000) + 86_400,
  };
}

export function storageUsage(
  cluster: Cluster,
  storage: StorageOption,
  node: string,
): { used: number; total: number } {
  const total = storage.totalBytes ?? 2000 * GIB;
  const used = Object.values(cluster.store.state.containers)
    .filter((each) => kindOf(storage).shared || each.node === node)
    .filter(({ config }) => rootDisk(config).storage === storage.storage)
    .reduce((sum, { config }) => sum + rootDisk(config).bytes * SHARE_IN_USE, 2 * GIB);
  return { used: Math.min(Math.floor(used), total), total };
}
