/** Which snapshots of containers a storage supports, by its plugin: known in advance, without a failed attempt. */
import type { SnapshotAbility } from '../../../model/snapshot-rules.js';
import { type Resource, text } from './schemas.js';

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

/** Undefined for a storage that is not shown, and for plugins of other makers: Proxmox is queried for those. */
export function snapshotAbility(
  resources: readonly Resource[],
  storage: string,
): SnapshotAbility | undefined {
  const found = resources.find((one) => one.type === 'storage' && text(one.storage) === storage);
  return abilityOfPlugin(text(found?.plugintype));
}

/** Plugins without Proxmox's feature "template": no volume on them can become the base of clones. */
const NO_TEMPLATES = ['drbd', 'lvm', 'iscsi', 'iscsidirect', 'cephfs'];

/** False if nothing on this storage can become a template. */
export function canHoldTemplates(resources: readonly Resource[], storage: string): boolean {
  const found = resources.find((one) => one.type === 'storage' && text(one.storage) === storage);
  return !NO_TEMPLATES.includes(text(found?.plugintype));
}

/** Undefined for plugins of other makers. */
export function abilityOfPlugin(plugin: string): SnapshotAbility | undefined {
  return ABILITY[plugin];
}
