/**
 * Creates and removes snapshots of a container, and rolls back to them. Proxmox reports failures only at the end of
 * the task. A snapshot belongs to the agent if it has the description that the agent writes.
 */
import { AgentError } from '../../../kernel/errors.js';
import type { DriverCall } from '../../shared/call.js';
import type { GuestAt, GuestSnapshot } from '../contract.js';
import { num, read, SNAPSHOTS, text } from './schemas.js';
import { segment } from './client.js';
import { HA_STATES, type HaState, readHaState, setHaState } from './ha-state.js';
import { type Found, type Host, locate, lxcOf, requireOurs, rounds } from './host.js';
import { hostFailed, said } from './pve-error.js';
import { removalOf } from './left-lock.js';
import { untilDone, whenUnlocked } from './verify.js';
import { stopOurs } from './power.js';
import { runTask, waitForNoted } from './tasks.js';

const NAME = /^[a-z][a-z0-9_-]{1,39}$/i;
const MISSING = /snapshot '[^']*' does not exist/i;
const NOT_NEWEST = /not most recent snapshot|more recent snapshots exist/i;
const INCOMPLETE = /incomplete snapshot/i;
const UNAVAILABLE = /snapshot feature is not available|does not support snapshots|can't snapshot/i;

export async function listSnapshots(host: Host, at: GuestAt, call: DriverCall): Promise<GuestSnapshot[]> {
  return listOf(host, await requireOurs(host, at, call), call);
}

async function listOf(host: Host, found: Found, call: DriverCall): Promise<GuestSnapshot[]> {
  const answer: unknown = await lxcOf(host, found, call.signal).snapshot.$get();
  return read(SNAPSHOTS, `snapshots of ${found.vmid}`, answer)
    .filter((one) => one.name !== 'current')
    .map((one) => ({
      name: one.name,
      createdAt: new Date(num(one.snaptime) * 1_000).toISOString(),
      description: text(one.description).trimEnd(),
      half: text(one.snapstate) || null,
    }));
}

export async function ensureSnapshot(
  host: Host,
  at: GuestAt,
  name: string,
  description: string,
  call: DriverCall,
): Promise<void> {
  assertName(name);
  await waitForNoted(host, call);
  const present = async (found: Found): Promise<GuestSnapshot | undefined> => {
    const one = (await listOf(host, found, call)).find((listed) => listed.name === name);
    if (one !== undefined && one.description !== description.trimEnd()) throw nameTaken(name, one);
    return one;
  };
  await untilDone(host, at.vmid, call, async () => {
    const found = await requireOurs(host, at, call);
    const before = await present(found);
    if (before?.half === null) return true;
    if (before !== undefined) {
      await removeHalf(host, found, name, call);
      return false;
    }
    try {
      const { snapshot } = lxcOf(host, found, call.signal);
      await runTask(host, call, () => snapshot.$post({ snapname: name, description }));
      return false;
    } catch (error) {
      if (said(error, UNAVAILABLE)) throw unavailable(error);
      // an earlier attempt of this agent has already created the snapshot
      if (said(error, /already used/i)) return (await present(found)) !== undefined;
      throw error;
    }
  });
}

/**
 * If an earlier attempt of this agent is still creating the snapshot, waits for its end. If an earlier attempt left an
 * incomplete snapshot, removes it.
 */
async function removeHalf(host: Host, found: Found, name: string, call: DriverCall): Promise<void> {
  if (text(found.config.lock) !== '') {
    await whenUnlocked(host, found.vmid, call);
    return;
  }
  if (await isTakenAway(host, found, name, call)) return;
  await runTask(host, call, () => lxcOf(host, found, call.signal).snapshot.$(segment(name)).$delete());
}

/**
 * To repair a container, an operator has to run two commands: `pct unlock` and `pct delsnapshot --force`. This is the
 * time that the operator has to start the second command after the first.
 */
const SECOND_COMMAND_MS = 10_000;
const SECOND_COMMAND_LOOK_MS = 1_000;

/**
 * Watches an incomplete snapshot for a while. Returns true if another client is working on it or has removed it.
 * Without this wait, the driver might try to remove the snapshot between the operator's two commands. If the storage
 * does not have the snapshot, this attempt would fail and leave another lock behind, so that the operator's second
 * command would fail as well.
 */
async function isTakenAway(host: Host, found: Found, name: string, call: DriverCall): Promise<boolean> {
  for await (const _ of rounds(host, call.signal, SECOND_COMMAND_LOOK_MS, SECOND_COMMAND_MS)) {
    const now = await locate(host, found.vmid, call.signal);
    if (now === undefined || text(now.config.lock) !== '') return true;
    if (!(await listOf(host, now, call)).some((one) => one.name === name)) return true;
  }
  return false;
}

/**
 * Every listed snapshot is treated as existing, even if it was removed only partially. If the storage fails during a
 * removal, Proxmox leaves such a snapshot and a lock behind.
 */
export async function removeSnapshot(host: Host, at: GuestAt, name: string, call: DriverCall): Promise<void> {
  assertName(name);
  await waitForNoted(host, call);
  await untilDone(host, at.vmid, call, async () => {
    const found = await requireOurs(host, at, call);
    const listed = (await listOf(host, found, call)).find((one) => one.name === name);
    if (listed === undefined) return true;
    if (listed.half !== null) {
      await removeHalf(host, found, name, call);
      return false;
    }
    try {
      const one = lxcOf(host, found, call.signal).snapshot.$(segment(name));
      await runTask(host, call, () => one.$delete());
    } catch (error) {
      if (!said(error, MISSING)) throw error;
    }
    return false;
  });
}

/**
 * Proxmox kills the running container, and restores its config and disk. During this time, HA is set to ignore the
 * container. Otherwise HA would try to restart the container in spite of the lock.
 */
export async function rollback(host: Host, at: GuestAt, name: string, call: DriverCall): Promise<void> {
  assertName(name);
  const earlier = await waitForNoted(host, call);
  const haBefore = await lookAway(host, await requireOurs(host, at, call), call);
  try {
    // do not roll back again: a second rollback would undo everything that was written since the first one
    const done = earlier?.type === 'vzrollback' && earlier.subject === String(at.vmid);
    if (!done) await rollBackTo(host, at, name, call);
    await stopOurs(host, await requireOurs(host, at, call), 0, call);
  } catch (error) {
    if (haBefore !== undefined) await giveBack(host, at.vmid, haBefore, call);
    throw error;
  }
  if (haBefore !== undefined) await setHaState(host, await requireOurs(host, at, call), 'stopped', call);
}

/**
 * Notes the HA state of the container before the rollback. Without this note, a repeated call would find only the
 * state `ignored` that the agent itself has set, and would leave the site without HA.
 */
async function lookAway(host: Host, found: Found, call: DriverCall): Promise<HaState | undefined> {
  const before = await readHaState(host, found.vmid, call);
  if (before === undefined) return undefined;
  const noted = HA_STATES.find((state) => state === call.notes['ha']);
  if (noted === undefined) await call.note({ ha: before });
  if (before !== 'ignored') await setHaState(host, found, 'ignored', call);
  return noted ?? before;
}

/**
 * Restores the HA state after a failure. If the container is still locked, HA continues to ignore it, because HA could
 * not start the container and would enter state "error".
 */
async function giveBack(host: Host, vmid: number, before: HaState, call: DriverCall): Promise<void> {
  try {
    const found = await locate(host, vmid, call.signal);
    if (found !== undefined) await setHaState(host, found, before, call);
  } catch (error) {
    (call.log ?? host.log).warn(
      { vmid, state: before, err: error },
      'the HA state could not be restored: HA continues to ignore the container',
    );
  }
}

function rollBackTo(host: Host, at: GuestAt, name: string, call: DriverCall): Promise<void> {
  return untilDone(host, at.vmid, call, async () => {
    const found = await requireOurs(host, at, call);
    const one = lxcOf(host, found, call.signal).snapshot.$(segment(name));
    try {
      await runTask(host, call, () => one.rollback.$post());
    } catch (error) {
      if (said(error, NOT_NEWEST)) throw notNewest(error);
      if (said(error, MISSING)) throw missing(error);
      if (said(error, INCOMPLETE)) throw incomplete(found, name, error);
      throw error;
    }
    // after a rollback, `parent` in the config is the snapshot to which the container was rolled back; this proves
    // nothing if `parent` was the same before
    return text((await requireOurs(host, at, call)).config.parent) === name;
  });
}

function assertName(name: string): void {
  if (NAME.test(name) && name !== 'current' && name !== 'vzdump') return;
  throw hostFailed(
    'The snapshot name is not allowed.',
    `not a snapshot name: ${JSON.stringify(name)}`,
    undefined,
    'refused_request',
  );
}

function nameTaken(name: string, present: GuestSnapshot): AgentError {
  return new AgentError(
    'foreign_object',
    'A snapshot with this name exists, but the agent did not create it.',
    {
      role: 'container host',
      detail: `snapshot "${name}" says "${present.description}"`,
    },
  );
}

function notNewest(cause: unknown): AgentError {
  return new AgentError('backup_not_newest', 'The storage can only go back to the newest snapshot.', {
    role: 'container host',
    detail: cause instanceof Error ? cause.message : String(cause),
    cause,
  });
}

function missing(cause: unknown): AgentError {
  return new AgentError('backup_not_found', 'The container host has no snapshot of this name.', {
    role: 'container host',
    detail: cause instanceof Error ? cause.message : String(cause),
    cause,
  });
}

function incomplete({ vmid, node }: Found, name: string, cause: unknown): AgentError {
  return new AgentError('backup_not_found', 'The snapshot is incomplete on the container host.', {
    role: 'container host',
    detail: `${cause instanceof Error ? cause.message : String(cause)}; run on ${node}: ${removalOf(vmid, name)}`,
    cause,
  });
}

function unavailable(cause: unknown): AgentError {
  return new AgentError('snapshots_unavailable', 'The storage does not support snapshots.', {
    role: 'container host',
    detail: cause instanceof Error ? cause.message : String(cause),
    cause,
  });
}
