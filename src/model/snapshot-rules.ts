/** What holds for every use of snapshots: what the storage can do, and which of them a service may go back to. */
import { AgentError } from '../kernel/errors.js';
import { isBeingRemoved } from './backups.js';
import type { Service } from './service.js';

/** What products call the snapshot of a site as delivered. */
export const INITIAL_SNAPSHOT = 'initial';

/** What the storage of the root disks can do: nothing, go back to any snapshot, or to the newest only. */
export type SnapshotAbility = 'none' | 'any' | 'newest';

/**
 * Throws `snapshots_unavailable` when the storage is known to have none. To be asked of a service that is there and
 * may be changed.
 */
export function requireSnapshots(ability: SnapshotAbility | undefined): void {
  if (ability === 'none')
    throw new AgentError('snapshots_unavailable', 'The storage of this site cannot make backups.');
}

/**
 * The service, when it may go back to this snapshot. Throws `snapshots_unavailable`, `backup_not_found` or
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
    `The storage of this site can only go back to its newest snapshot; ${newer.map((one) => one.name).join(', ')} would have to be deleted first (send "discard_newer": true).`,
  );
}

export function noSuchBackup(name: string): AgentError {
  if (name === INITIAL_SNAPSHOT) {
    return new AgentError('backup_not_found', 'The site was made without a snapshot to go back to.');
  }
  return new AgentError('backup_not_found', 'There is no backup with this name.', {
    fields: { bak: 'is not the name of a backup' },
  });
}
