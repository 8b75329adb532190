/**
 * Starts remote tasks and waits for their end. A task's id is noted the moment it is known, so that a repeated call
 * waits for it instead of starting another. When a caller aborts, the task is never cancelled (that would leave half
 * a container): it is waited for a few seconds more, then left running under its note.
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

/** What is waited too long is at most a tenth of what the task took. */
const POLLS = { firstMs: 50, factor: 1.1, longestMs: 2_000 };
/** So long polls may fail in a row before the slot is given back; the note lets the next try go on. */
const DEAF_MS = 30_000;
const LOG_LINES = 12;

const UPID =
  /^UPID:([A-Za-z0-9][A-Za-z0-9-]*):[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[0-9A-Fa-f]{8}:([^:\s]+):([^:\s]*):([^:\s]+):$/;

export interface TaskId {
  readonly upid: string;
  readonly node: string;
  /** e.g. `vzclone` */
  readonly type: string;
  /** The guest's number, mostly. */
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
 * Starts a task and waits for its end. Resolves to the task's id when it ended well. Throws PveError as the task's
 * words say, or AgentError `aborted`, `container_host_timeout`.
 */
export async function runTask(
  host: Host,
  call: DriverCall,
  start: () => Promise<unknown>,
  timeoutMs = host.config.task_timeout_s * 1_000,
): Promise<TaskId> {
  assertGoing(call);
  const task = parseUpid(await start());
  if (task === undefined) throw new PveError('unknown', 'task', 'the answer is not a task id');
  const noted = await call.note({ upid: task.upid, unsure: false }).catch(asError);
  // what nobody could write down is waited for all the same: the next try must find it settled
  await waitForTask(host, call, task, timeoutMs);
  if (noted instanceof Error) throw noted;
  return task;
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

/**
 * The same for what makes a container. That it is about to be sent is noted first (`unsure`, epoch ms), and taken
 * back once the outcome is known: who cleans up after a lost answer, or after our own end, must know that something
 * may still appear.
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
 * Waits for the task that an earlier try noted, if any. Its failure is not ours: what it left behind is looked at
 * next. Returns it when it ended well.
 */
export async function waitForNoted(host: Host, call: DriverCall): Promise<TaskId | undefined> {
  const task = parseUpid(call.notes['upid']);
  if (task === undefined) return undefined;
  try {
    await waitForTask(host, call, task, host.config.task_timeout_s * 1_000);
    return task;
  } catch (error) {
    if (error instanceof AgentError || (isPve(error, 'refused') && error.isWhole)) throw error;
    (call.log ?? host.log).debug(
      { upid: task.upid, err: error },
      'the task of an earlier try did not end well',
    );
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
 * Not the caller's to abort: the end of the task is what he needs to know. The exit status; `running`; or `deaf` when
 * the question got no answer this time.
 */
async function pollOnce(host: Host, task: TaskId): Promise<{ exit: string } | 'running' | 'deaf'> {
  try {
    const { tasks } = pveApi(host.transport, neverAborted()).nodes.$(segment(task.node));
    const answer: unknown = await tasks.$(segment(task.upid)).status.$get();
    const { status, exitstatus } = read(TASK, `task ${task.upid}`, answer);
    return status === 'running' ? 'running' : { exit: exitstatus ?? 'unexpected status' };
  } catch (error) {
    // the node forgot it: it has ended, how is not known
    if (isPve(error, 'missing')) return { exit: 'unexpected status' };
    if (isPve(error, 'unreachable', 'unknown', 'busy', 'failed', 'lacking')) return 'deaf';
    // nobody will tell before the operator has put it right: the note lets the next try go on
    if (isPve(error, 'refused') && error.isWhole) throw error;
    // whoever may not ask for it has to look at what it does: it goes on whether we may ask or not
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

/** Its lines; none when they cannot be read now. */
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
