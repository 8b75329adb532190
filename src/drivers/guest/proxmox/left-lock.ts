/**
 * Detects locks that a Proxmox task left behind when it failed or was killed. Until an operator removes such a lock
 * with `pct unlock`, Proxmox refuses every change of the container. Therefore the error contains the commands.
 */
import { AgentError } from '../../../kernel/errors.js';
import type { LeftLock } from '../../../model/actual-state.js';
import { type CtConfig, read, SNAPSHOTS, text } from './schemas.js';
import { type Host, isCloning, isWorkedOn, locate, lxcOf } from './host.js';
import { PveError } from './pve-error.js';

/**
 * The locks of operations that the agent uses. Other locks, such as `backup` and `migrate`, belong to tasks that the
 * token has no permission to see.
 */
const OURS = ['snapshot', 'snapshot-delete', 'rollback', 'disk', 'create', 'destroyed'];

interface Where {
  readonly node: string;
  readonly vmid: number;
}

/**
 * Returns the lock on the container if no task holds the lock any more. Returns undefined if there is no lock, if a
 * task holds the lock, or if the lock is of a kind that the agent does not use.
 */
export async function leftLock(
  host: Host,
  at: Where,
  config: CtConfig,
  signal: AbortSignal,
): Promise<LeftLock | undefined> {
  const lock = text(config.lock);
  if (!OURS.includes(lock) || (await isWorkedOn(host, at, signal))) return undefined;
  if (lock === 'create' && (await isCloning(host, at.node, signal))) return undefined;
  return { vmid: at.vmid, node: at.node, lock, commands: await commandsFor(host, at, lock, signal) };
}

async function commandsFor(host: Host, at: Where, lock: string, signal: AbortSignal): Promise<string[]> {
  const unlock = `pct unlock ${at.vmid}`;
  if (!lock.startsWith('snapshot')) return [unlock];
  const answer: unknown = await lxcOf(host, at, signal).snapshot.$get();
  const half = read(SNAPSHOTS, `snapshots of ${at.vmid}`, answer).filter((one) => text(one.snapstate) !== '');
  return [unlock, ...half.map(({ name }) => removalOf(at.vmid, name))];
}

/**
 * Returns the command that removes an incomplete snapshot from the container's list of snapshots, even if the storage
 * does not have the snapshot any more.
 */
export const removalOf = (vmid: number, name: string): string => `pct delsnapshot ${vmid} ${name} --force`;

export function wordsOf({ vmid, node, lock, commands }: LeftLock): string {
  return `container ${vmid} holds lock "${lock}", which no task holds any more; run on ${node}: ${commands.join(' && ')}`;
}

/**
 * Returns the error that was passed. If a lock that a task left behind is the cause, adds the commands that remove the
 * lock to the detail. Never rejects.
 */
export async function withLeftLock(
  host: Host,
  error: AgentError,
  vmid: number | undefined,
  signal: AbortSignal,
): Promise<AgentError> {
  if (error.code !== 'container_host_busy' && error.code !== 'container_host_failed') return error;
  // for a clone, the template has the lock
  const numbers = new Set([vmid, vmidIn(error.cause)].filter((one) => one !== undefined));
  for (const number of numbers) {
    const left = await findLeftLock(host, number, signal).catch(() => undefined);
    if (left !== undefined) return explained(error, left);
  }
  return error;
}

async function findLeftLock(host: Host, vmid: number, signal: AbortSignal): Promise<LeftLock | undefined> {
  const found = await locate(host, vmid, signal);
  return found && leftLock(host, found, found.config, signal);
}

function vmidIn(cause: unknown): number | undefined {
  if (!(cause instanceof PveError)) return undefined;
  const found = /\/lxc\/(\d+)|^task \S+ (\d+)$/.exec(cause.about);
  return found === null ? undefined : Number(found[1] ?? found[2]);
}

function explained(error: AgentError, left: LeftLock): AgentError {
  return new AgentError(error.code, error.message, {
    cause: error,
    failure: error.failure,
    retryable: error.retryable,
    ...(error.role === undefined ? {} : { role: error.role }),
    detail: [error.detail, wordsOf(left)].filter((words) => words !== undefined).join('; '),
  });
}
