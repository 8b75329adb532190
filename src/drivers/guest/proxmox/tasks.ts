/**
 * Starts remote tasks and waits for their end. The ID of a task is noted as soon as it is known, so that a repeated
 * call waits for the task instead of starting another one. If a caller aborts, the driver does not cancel the task,
 * because this would leave an incomplete container. Instead, it waits for a few more seconds and then stops waiting.
 * The task continues, and its ID remains noted.
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

/**
 * The delay between polls is at most a tenth of the time for which the task has been running, so that the end of a
 * task is noticed soon.
 */
const POLLS = { firstMs: 50, factor: 1.1, longestMs: 2_000 };
/**
 * If all polls fail for this long, the driver stops waiting, so that the slot of the job becomes free. The next
 * attempt continues with the noted task ID.
 */
const DEAF_MS = 30_000;
const LOG_LINES = 12;

const UPID =
  /^UPID:([A-Za-z0-9][A-Za-z0-9-]*):[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[0-9A-Fa-f]{8}:([^:\s]+):([^:\s]*):([^:\s]+):$/;

export interface TaskId {
  readonly upid: string;
  readonly node: string;
  /** e.g. `vzclone` */
  readonly type: string;
  /** The ID of the object of the task, usually the VMID of the guest. */
  readonly subject: string;
  /** The user (`user@realm`) or the token (`user@realm!name`) that started the task. */
  readonly owner: string;
}

export function parseUpid(value: unknown): TaskId | undefined {
  const found = typeof value === 'string' ? UPID.exec(value) : null;
  if (!found) return undefined;
  const [upid, node = '', type = '', subject = '', owner = ''] = found;
  return { upid, node, type, subject, owner };
}

/**
 * Starts a task and waits for its end. Resolves to the task's ID if the task succeeded. Throws a PveError according
 * to the task's text, or an AgentError `aborted` or `container_host_timeout`.
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
  // wait for the task even if its ID could not be noted, because the task must have ended before the next attempt
  await waitForTask(host, call, task, timeoutMs);
  if (noted instanceof Error) throw noted;
  return task;
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

/**
 * Like `runTask`, for the creation of a container. First notes that the request is about to be sent (`unsure`, epoch
 * ms), and clears the note once the outcome is known. If the response is lost or the agent ends, the note shows the
 * cleanup that a container may still appear.
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
 * If an earlier attempt noted a task, waits for the end of this task. Returns the task if it succeeded. Does not
 * report it if the task failed, because the caller then checks what the task left behind.
 */
export async function waitForNoted(host: Host, call: DriverCall): Promise<TaskId | undefined> {
  const task = parseUpid(call.notes['upid']);
  if (task === undefined) return undefined;
  try {
    await waitForTask(host, call, task, host.config.task_timeout_s * 1_000);
    return task;
  } catch (error) {
    if (error instanceof AgentError || (isPve(error, 'refused') && error.isWhole)) throw error;
    (call.log ?? host.log).debug({ upid: task.upid, err: error }, 'the task of an earlier attempt failed');
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
    if (now >= givenUpAt)
      throw leftRunning('aborted', 'The operation was stopped before it ended.', task, call);
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
 * Reads the status of the task. The caller cannot abort this request, because it needs to know how the task ended.
 * Returns the exit status if the task has ended, `running` if it is running, or `deaf` if the request got no response.
 */
async function pollOnce(host: Host, task: TaskId): Promise<{ exit: string } | 'running' | 'deaf'> {
  try {
    const { tasks } = pveApi(host.transport, neverAborted()).nodes.$(segment(task.node));
    const answer: unknown = await tasks.$(segment(task.upid)).status.$get();
    const { status, exitstatus } = read(TASK, `task ${task.upid}`, answer);
    return status === 'running' ? 'running' : { exit: exitstatus ?? 'unexpected status' };
  } catch (error) {
    // the node no longer has the task, so the task has ended with an unknown result
    if (isPve(error, 'missing')) return { exit: 'unexpected status' };
    if (isPve(error, 'unreachable', 'unknown', 'busy', 'failed', 'lacking')) return 'deaf';
    // no request succeeds until an operator has fixed this; the next attempt continues with the noted task ID
    if (isPve(error, 'refused') && error.isWhole) throw error;
    // the token has no permission to query the task; the task continues in any case, and the caller has to check its
    // effect
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

/** Returns the lines of the task's log. The list is empty if the log cannot be read now. */
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
