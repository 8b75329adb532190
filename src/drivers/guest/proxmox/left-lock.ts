/**
 * Locks that a task of Proxmox left behind when it failed or died. Only an operator's command removes them (`pct
 * unlock`), and until then every change of the container is refused. Therefore the error names the commands.
 */
import { AgentError } from '../../../kernel/errors.js';
import type { LeftLock } from '../../../model/actual-state.js';
import { type CtConfig, read, SNAPSHOTS, text } from './schemas.js';
import { type Host, isCloning, isWorkedOn, locate, lxcOf } from './host.js';
import { PveError } from './pve-error.js';

/**
 * Locks of the kinds of work that we do. `backup`, `migrate` and others are held by tasks that the token may not see.
 */
const OURS = ['snapshot', 'snapshot-delete', 'rollback', 'disk', 'create', 'destroyed'];

interface Where {
  readonly node: string;
  readonly vmid: number;
}

/**
 * The lock on the container if no task holds it any more. Undefined: there is no lock, a task holds it, or it is of a
 * kind that others use.
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

/** The command that removes a half-removed snapshot from the list, even if the storage has lost it. */
export const removalOf = (vmid: number, name: string): string => `pct delsnapshot ${vmid} ${name} --force`;

export function wordsOf({ vmid, node, lock, commands }: LeftLock): string {
  return `container ${vmid} holds lock "${lock}", which no task holds any more; run on ${node}: ${commands.join(' && ')}`;
}

/**
 * Returns the same error. If a lock that was left behind explains it, the detail contains the commands. Never
 * rejects.
 */
export async function withLeftLock(
  host: Host,
  error: AgentError,
  vmid: number | undefined,
  signal: AbortSignal,
): Promise<AgentError> {
  if (error.code !== 'container_host_busy' && error.code !== 'container_host_failed') return error;
  // for a clone, the lock is on the template
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
