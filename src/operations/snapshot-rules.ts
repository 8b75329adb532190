/** What holds for every use of snapshots: what the storage can do, and which of them a service may go back to. */
import { AgentError } from '../domain/errors.js';
import { isOpen } from '../domain/job.js';
import { textIn } from '../domain/json.js';
import type { Service, Snapshot } from '../domain/service.js';
import type { SnapshotAbility } from '../drivers/guest/driver.js';
import type { OperationContext } from './context.js';

/** What products call the snapshot of a site as delivered. */
export const INITIAL_SNAPSHOT = 'initial';

/** Throws `snapshots_unavailable` when the storage is known to have none; undefined when nothing is known. */
export function requireSnapshots({ watch }: Pick<OperationContext, 'watch'>): SnapshotAbility | undefined {
  const ability = watch.latest()?.snapshots;
  if (ability === 'none')
    throw new AgentError('snapshots_unavailable', 'The storage of this site cannot make backups.');
  return ability;
}

/** The customer's backups: made, and not about to be deleted. */
export function backupsOf(service: Pick<Service, 'snapshots' | 'jobs'>): Snapshot[] {
  return service.snapshots.filter(({ kind, name }) => kind === 'backup' && !isBeingRemoved(service, name));
}

/** Backups and those that are on their way. */
export function backupsUsed(service: Pick<Service, 'snapshots' | 'jobs'>): number {
  const made = new Set(service.snapshots.map(({ name }) => name));
  const coming = service.jobs.filter(
    (job) => job.method === 'makeBackup' && isOpen(job) && !made.has(textIn(job.args, 'name') ?? ''),
  );
  return backupsOf(service).length + coming.length;
}

function isBeingRemoved({ jobs }: Pick<Service, 'jobs'>, name: string): boolean {
  return jobs.some(
    (job) => job.method === 'removeBackup' && isOpen(job) && job.args['name'] === name && !job.cancel,
  );
}

/** The service, when it may go back to this snapshot. Throws `backup_not_found` or `backup_not_newest`. */
export function mayRollBackTo(
  service: Service,
  name: string,
  {
    ability,
    discardNewer,
  }: { readonly ability: SnapshotAbility | undefined; readonly discardNewer: boolean },
): Service {
  const at = service.snapshots.findIndex((snapshot) => snapshot.name === name);
  if (at < 0 || isBeingRemoved(service, name)) throw noSuchBackup(name);
  const newer = service.snapshots.slice(at + 1);
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
