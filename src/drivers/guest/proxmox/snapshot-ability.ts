/** What snapshots of containers a storage can make, by its plugin: known beforehand, not found out by failing. */
import type { SnapshotAbility } from '../driver.js';
import { type Resource, text } from './answers.js';

const ABILITY: Readonly<Record<string, SnapshotAbility>> = {
  lvmthin: 'any',
  rbd: 'any',
  btrfs: 'any',
  zfspool: 'newest',
  zfs: 'newest',
  dir: 'none',
  nfs: 'none',
  cifs: 'none',
  glusterfs: 'none',
  cephfs: 'none',
  lvm: 'none',
  iscsi: 'none',
  iscsidirect: 'none',
};

/** Undefined for a storage that is not shown and for plugins of other makers: those are asked. */
export function snapshotAbility(
  resources: readonly Resource[],
  storage: string,
): SnapshotAbility | undefined {
  const found = resources.find((one) => one.type === 'storage' && text(one.storage) === storage);
  return abilityOfPlugin(text(found?.plugintype));
}

/** Undefined for plugins of other makers. */
export function abilityOfPlugin(plugin: string): SnapshotAbility | undefined {
  return ABILITY[plugin];
}
