/** Rules for snapshots: what the storage supports, and to which snapshot a service can roll back. */
import { AgentError } from '../kernel/errors.js';
import { isBeingRemoved } from './backups.js';
import type { Service } from './service.js';

/** The name that products give to the snapshot of a newly delivered site. */
export const INITIAL_SNAPSHOT = 'initial';

/**
 * What the storage of the root disks supports: no snapshots, rollback to any snapshot, or rollback to the newest
 * snapshot only.
 */
export type SnapshotAbility = 'none' | 'any' | 'newest';

/**
 * Throws `snapshots_unavailable` when the storage is known to support none. Call this function after the checks that
 * the service exists and may be changed.
 */
export function requireSnapshots(ability: SnapshotAbility | undefined): void {
  if (ability === 'none')
    throw new AgentError('snapshots_unavailable', "This site's storage does not support backups.");
}

/**
 * Returns the service if it can roll back to this snapshot. Throws `snapshots_unavailable`, `backup_not_found` or
 * `backup_not_newest`.
 */
export function mayRollBackTo(
  service: Service,
  name: string,
  {
    ability,
    discardNewer,
  }: { readonly ability: SnapshotAbility | undefined; readonly discardNewer: boolean },
): Service {
  requireSnapshots(ability);
  const snapshots = service.guest?.snapshots ?? [];
  const at = snapshots.findIndex((snapshot) => snapshot.name === name);
  if (at < 0 || isBeingRemoved(service, name)) throw noSuchBackup(name);
  const newer = snapshots.slice(at + 1);
  if (ability !== 'newest' || discardNewer || newer.length === 0) return service;
  throw new AgentError(
    'backup_not_newest',
    `This site's storage can only roll back to its newest snapshot. To delete ${newer.map((one) => one.name).join(', ')} first, send "discard_newer": true.`,
  );
}

export function noSuchBackup(name: string): AgentError {
  if (name === INITIAL_SNAPSHOT) {
    return new AgentError('backup_not_found', 'The site was created without an initial snapshot.');
  }
  return new AgentError('backup_not_found', 'There is no backup with this name.', {
    fields: { bak: 'is not the name of a backup' },
  });
}
