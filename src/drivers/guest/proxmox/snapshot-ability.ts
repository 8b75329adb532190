/**
 * Determines from the plugin of a storage which snapshots of containers the storage supports. The agent therefore does
 * not have to try and fail.
 */
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

/**
 * Returns undefined for a storage that the token has no permission to see, and for third-party plugins. In these
 * cases, the caller queries Proxmox.
 */
export function snapshotAbility(
  resources: readonly Resource[],
  storage: string,
): SnapshotAbility | undefined {
  const found = resources.find((one) => one.type === 'storage' && text(one.storage) === storage);
  return abilityOfPlugin(text(found?.plugintype));
}

/**
 * Plugins that do not support Proxmox's feature "template". A volume on a storage with such a plugin cannot be
 * converted to a template.
 */
const NO_TEMPLATES = ['drbd', 'lvm', 'iscsi', 'iscsidirect', 'cephfs'];

/** Returns false if the storage does not support templates. */
export function canHoldTemplates(resources: readonly Resource[], storage: string): boolean {
  const found = resources.find((one) => one.type === 'storage' && text(one.storage) === storage);
  return !NO_TEMPLATES.includes(text(found?.plugintype));
}

/** Returns undefined for third-party plugins. */
export function abilityOfPlugin(plugin: string): SnapshotAbility | undefined {
  return ABILITY[plugin];
}
