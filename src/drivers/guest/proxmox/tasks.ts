/**
 * Starts remote tasks and waits for their end. A task's ID is noted as soon as it is known, so that a repeated call
 * waits for the task instead of starting another. When a caller aborts, the task is never cancelled (that would leave
 * half a container): the driver waits a few more seconds, then leaves the task running with its note.
 */
import { growing } from '../../../kernel/async/growing.js';
import { neverAborted } from '../../../kernel/async/never.js';
import { pause } from '../../../kernel/async/pause.js';
import { AgentError } from '../../../kernel/errors.js';
import type { DriverCall } from '../../shared/call.js';
import { read, TASK, TASK_LOG, text } from './schemas.js';
import { pveApi, segment } from './client.js';
import { assertGoing, type Host } from './host.js';
import { isPve, kindOfText, PveError } from './pve-error.js';
import { ABORT_GRACE_MS } from './transport.js';

/** The wait after the end of a task is at most a tenth of its duration. */
const POLLS = { firstMs: 50, factor: 1.1, longestMs: 2_000 };
/** How long polls may fail in a row before the slot is released; with the note, the next try continues. */
const DEAF_MS = 30_000;
const LOG_LINES = 12;

const UPID =
  /^UPID:([A-Za-z0-9][A-Za-z0-9-]*):[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[0-9A-Fa-f]{8}:([^:\s]+):([^:\s]*):([^:\s]+):$/;

export interface TaskId {
  readonly upid: string;
  readonly node: string;
  /** e.g. `vzclone` */
  readonly type: string;
  /** Usually the guest's VMID. */
  readonly subject: string;
  /** `user@realm`, or the token that started it: `user@realm!name`. */
  readonly owner: string;
}

export function parseUpid(value: unknown): TaskId | undefined {
  const found = typeof value === 'string' ? UPID.exec(value) : null;
  if (!found) return undefined;
  const [upid, node = '', type = '', subject = '', owner = ''] = found;
  return { upid, node, type, subject, owner };
}

/**
 * Starts a task and waits for its end. Resolves to the task's ID if it succeeded. Throws PveError according to the
 * task's text, or AgentError `aborted`, `container_host_timeout`.
 */
export async function runTask(
  host: Host,
  call: DriverCall,
  start: () => Promise<unknown>,
  timeoutMs = host.config.task_timeout_s * 1_000,
): Promise<TaskId> {
  assertGoing(call);
  const task = parseUpid(await start());
  if (task === undefined) throw new PveError('unknown', 'task', 'the response is not a task ID');
  const noted = await call.note({ upid: task.upid, unsure: false }).catch(asError);
  // a task is waited for even if its note could not be written: the next try must find it ended
  await waitForTask(host, call, task, timeoutMs);
  if (noted instanceof Error) throw noted;
  return task;
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

/**
 * Like `runTask`, for the creation of a container. First notes that the request is about to be sent (`unsure`, epoch
 * ms), and clears the note once the outcome is known: the cleanup after a lost response, or after the end of the
 * agent, must know that a container may still appear.
 */
export async function runCreation(
  host: Host,
  call: DriverCall,
  start: () => Promise<unknown>,
): Promise<TaskId> {
  const request = { isSent: false };
  assertGoing(call);
  await call.note({ unsure: host.clock.now() });
  try {
    return await runTask(host, call, () => {
      request.isSent = true;
      return start();
    });
  } catch (error) {
    if (!request.isSent || (isPve(error) && error.kind !== 'unknown')) await call.note({ unsure: false });
    throw error;
  }
}

/**
 * Waits for the task that an earlier try noted, if any. Its failure is not reported, because what it left behind is
 * checked next. Returns the task if it succeeded.
 */
export async function waitForNoted(host: Host, call: DriverCall): Promise<TaskId | undefined> {
  const task = parseUpid(call.notes['upid']);
  if (task === undefined) return undefined;
  try {
    await waitForTask(host, call, task, host.config.task_timeout_s * 1_000);
    return task;
  } catch (error) {
    if (error instanceof AgentError || (isPve(error, 'refused') && error.isWhole)) throw error;
    (call.log ?? host.log).debug({ upid: task.upid, err: error }, 'the task of an earlier try failed');
    return undefined;
  }
}

export async function waitForTask(
  host: Host,
  call: DriverCall,
  task: TaskId,
  timeoutMs: number,
): Promise<void> {
  const deadline = host.clock.monotonic() + timeoutMs;
  let heard = host.clock.monotonic();
  let givenUpAt = Number.POSITIVE_INFINITY;
  for (const ms of growing(POLLS)) {
    await pause(host.clock, ms, call.signal.aborted ? neverAborted() : call.signal);
    if (call.signal.aborted) givenUpAt = Math.min(givenUpAt, host.clock.monotonic() + ABORT_GRACE_MS);
    const end = await pollOnce(host, task);
    if (end !== 'deaf') heard = host.clock.monotonic();
    if (end !== 'deaf' && end !== 'running') return judge(host, task, end);
    const now = host.clock.monotonic();
    if (now >= givenUpAt) throw leftRunning('aborted', 'The work was stopped before it ended.', task, call);
    if (now >= deadline) {
      throw leftRunning('container_host_timeout', 'The container host did not finish in time.', task, call);
    }
    if (now - heard >= DEAF_MS) {
      throw leftRunning('container_host_unreachable', 'The container host does not answer.', task, call);
    }
  }
}

function leftRunning(
  code: 'aborted' | 'container_host_timeout' | 'container_host_unreachable',
  message: string,
  task: TaskId,
  call: DriverCall,
): AgentError {
  return new AgentError(code, message, {
    role: 'container host',
    ...(code === 'container_host_unreachable' ? { system: 'container-host' } : {}),
    detail: `task ${task.upid} was left running`,
    ...(call.signal.aborted ? { cause: call.signal.reason } : {}),
  });
}

/**
 * The caller cannot abort this, because it needs to know the end of the task. Returns the exit status; `running`; or
 * `deaf` if this request got no response.
 */
async function pollOnce(host: Host, task: TaskId): Promise<{ exit: string } | 'running' | 'deaf'> {
  try {
    const { tasks } = pveApi(host.transport, neverAborted()).nodes.$(segment(task.node));
    const answer: unknown = await tasks.$(segment(task.upid)).status.$get();
    const { status, exitstatus } = read(TASK, `task ${task.upid}`, answer);
    return status === 'running' ? 'running' : { exit: exitstatus ?? 'unexpected status' };
  } catch (error) {
    // the node no longer knows the task: it has ended, its result is unknown
    if (isPve(error, 'missing')) return { exit: 'unexpected status' };
    if (isPve(error, 'unreachable', 'unknown', 'busy', 'failed', 'lacking')) return 'deaf';
    // no request gets a response before the operator has fixed this: with the note, the next try continues
    if (isPve(error, 'refused') && error.isWhole) throw error;
    // a caller that may not query the task has to check its effect: the task continues in any case
    if (isPve(error, 'refused'))
      throw new PveError('unknown', `task ${task.type} ${task.subject}`, error.reason, {
        status: error.status,
        cause: error,
      });
    throw error;
  }
}

async function judge(host: Host, task: TaskId, { exit }: { exit: string }): Promise<void> {
  if (exit === 'OK') return;
  if (/^WARNINGS: \d+$/.test(exit)) {
    host.log.warn(
      { upid: task.upid, lines: await lastLines(host, task) },
      'a container host task ended with warnings',
    );
    return;
  }
  const about = `task ${task.type} ${task.subject}`;
  if (exit === 'unexpected status') throw new PveError('unknown', about, exit);
  const lines = await lastLines(host, task);
  throw new PveError(kindOfText(exit), about, exit, {
    cause: new Error(`log of ${task.upid}:\n${lines.join('\n')}`),
  });
}

/** The lines of the task's log; empty if they cannot be read now. */
export async function logOf(host: Host, task: TaskId): Promise<string[]> {
  try {
    const { tasks } = pveApi(host.transport, neverAborted()).nodes.$(segment(task.node));
    const answer: unknown = await tasks.$(segment(task.upid)).log.$get({ limit: 0 });
    return read(TASK_LOG, 'task log', answer)
      .map((line) => text(line.t))
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}

async function lastLines(host: Host, task: TaskId): Promise<string[]> {
  return (await logOf(host, task)).slice(-LOG_LINES);
}
