/** The customer's backups: list, create, delete, roll back. */
import { dayOf, nextBackup } from '../model/backup-name.js';
import { allowed, backupsOf, backupsUsed } from '../model/backups.js';
import { AgentError } from '../kernel/errors.js';
import { guestOf, type Service, withGuest } from '../model/service.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from '../services/context.js';
import { enqueue, type Started } from '../services/enqueue.js';
import { mayRollBackTo, noSuchBackup, requireSnapshots } from '../model/snapshot-rules.js';

export interface BackupList {
  readonly service: Service;
  readonly backups: ReturnType<typeof backupsOf>;
  readonly used: number;
  readonly allowed: number;
}

type By = Pick<Caller, 'panel' | 'requestId'>;

/** Throws `service_not_found`, `not_supported`, `state_damaged`. */
export async function listBackups(
  context: OperationContext,
  caller: Pick<Caller, 'panel'>,
  id: string,
): Promise<BackupList> {
  const service = await context.state.services.get(`${caller.panel}/${id}`);
  guestOf(service);
  return viewBackups(service);
}

export function viewBackups(service: Service): BackupList {
  return {
    service,
    backups: backupsOf(service),
    used: backupsUsed(service),
    allowed: service.plan.backups,
  };
}

/**
 * Starts a backup. The response contains the backup's name, which is never used for another backup. Two concurrent
 * requests create only one backup. Throws `quota_reached`, `snapshots_unavailable`, and what `enqueue` throws.
 */
export async function makeBackup(context: OperationContext, caller: By, id: string): Promise<Started> {
  const { clock, config } = context;
  const day = dayOf(clock.now(), config.agent.time_zone);
  return enqueue(context, caller, id, {
    method: 'makeBackup',
    change(service) {
      requireSnapshots(context.watch.latest()?.snapshots);
      const used = backupsUsed(service);
      const most = allowed(service, 'backups');
      if (used >= most) throw new AgentError('quota_reached', `Backup limit reached (${used} of ${most})`);
      const { lastBackup, snapshots } = guestOf(service);
      const next = nextBackup(day, lastBackup, new Set(snapshots.map((one) => one.name)));
      return { service: withGuest(service, { lastBackup: next.last }), args: { name: next.name } };
    },
    sameArgs: () => true,
  });
}

/** Throws `backup_not_found`, `backup_protected`, and what `enqueue` throws. */
export async function removeBackup(
  context: OperationContext,
  caller: By,
  id: string,
  name: string,
): Promise<Started> {
  return enqueue(context, caller, id, {
    method: 'removeBackup',
    args: { name },
    change(service) {
      const kept = guestOf(service).snapshots.find((one) => one.name === name);
      if (kept && kept.kind !== 'backup') {
        throw new AgentError(
          'backup_protected',
          `The snapshot "${name}" is not a backup and cannot be deleted.`,
        );
      }
      if (!backupsOf(service).some((one) => one.name === name)) throw noSuchBackup(name);
      return { service };
    },
  });
}

/**
 * Rolls back to any snapshot of the service, including the initial snapshot. Throws `backup_not_found`,
 * `backup_not_newest`, `snapshots_unavailable`, and what `enqueue` throws.
 */
export async function rollBack(
  context: OperationContext,
  caller: By,
  id: string,
  request: { readonly name: string; readonly discardNewer?: boolean | undefined },
): Promise<Started> {
  const ability = context.watch.latest()?.snapshots;
  const { name, discardNewer = false } = request;
  return enqueue(context, caller, id, {
    method: 'rollback',
    args: { name, discard_newer: discardNewer },
    change: (service) => ({ service: mayRollBackTo(service, name, { ability, discardNewer }) }),
  });
}
