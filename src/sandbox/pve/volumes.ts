/**
 * Root disks on storages: determines their names and the storages that can have them, and removes the volumes that a
 * failed task created.
 */
import { type Call, storageOnNode } from './cluster.js';
import { rootDisk } from './ct-config.js';
import { refuse } from './failure.js';
import { kindOf, type StorageOption } from './options.js';
import type { Container } from './state.js';

/** Returns the name of a disk, which depends on the storage type. */
export function volumeName(storage: StorageOption, vmid: number, base?: Container): string {
  const filed = ['btrfs', 'dir', 'nfs'].includes(storage.type);
  const own = filed ? `${vmid}/vm-${vmid}-disk-0.raw` : `vm-${vmid}-disk-0`;
  const from = base && kindOf(storage).namesBase ? rootDisk(base.config).volume.split(':')[1] : undefined;
  return from === undefined ? `${storage.storage}:${own}` : `${storage.storage}:${from}/${own}`;
}

export function containerStorage(call: Call, name: string): StorageOption {
  const storage = storageOnNode(call.cluster, name, call.values['target'] ?? call.values['node'] ?? '');
  if (!storage.content.includes('rootdir'))
    refuse({ storage: `storage '${name}' does not support container directories` });
  return storage;
}

/** Removes the volumes that a failed task created. */
export async function discard(call: Call, vmid: number): Promise<void> {
  const { cluster } = call;
  await cluster.backend.destroy(vmid).catch(() => {});
  Reflect.deleteProperty(cluster.store.state.containers, vmid);
}
