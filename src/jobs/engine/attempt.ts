/**
 * Runs one attempt of a job: starts a thread, answers the calls of the thread, enforces the deadline, and cleans up in
 * every case.
 */
import type { Logger } from 'pino';
import { anySignal } from '../../kernel/async/any-signal.js';
import { onAbort } from '../../kernel/async/on-abort.js';
import { orSleep } from '../../kernel/async/race.js';
import type { Clock } from '../../kernel/clock.js';
import { AgentError, asAgentError, toRecord } from '../../kernel/errors.js';
import type { Job } from '../../model/job.js';
import type { Circuits } from '../../drivers/shared/circuit.js';
import { type Answering, answering } from './answering.js';
import { callAnswers } from './call-answers.js';
import { watchHungCalls } from './hung-calls.js';
import { journal } from './journal.js';
import { readMessage } from './message.js';
import type { CodePlace, ModuleCode } from './module-code.js';
import type { Leases } from './leases.js';
import { limits } from './limits.js';
import { cleanLine, type ModuleLogged } from './module-line.js';
import { type Ending, undoOrder } from './policy.js';
import type { Attempt, Outcome } from './protocol.js';
import type { Subject } from './subject.js';
import type { SubjectRef } from './subject-kind.js';
import type { StepEnded } from './step-logger.js';
import type { Thread, Threads } from './threads.js';

export interface AttemptDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** For shipped modules. */
  readonly threads: Threads;
  /** For modules of other authors. */
  readonly processes: Threads;
  readonly leases: Leases;
  readonly circuits: Circuits;
  readonly code: ModuleCode;
  readonly stepEnded?: StepEnded;
  /** Called with each log line of a module. */
  readonly moduleLogged?: ModuleLogged;
}

/** The subject of the job in the state that it had when the attempt began. */
export interface RunningSubject extends SubjectRef {
  readonly value: Subject;
}

/** Time that a thread has to end by itself after its calls were aborted and have settled. */
const THREAD_GRACE_MS = 2_000;
export interface Halts {
  /** When it aborts, no further step begins, but running steps may finish. */
  readonly drain: AbortSignal;
  /** When it aborts, running steps are aborted. */
  readonly stop: AbortSignal;
}

/**
 * Runs the attempt to its end, and never rejects. If the attempt was ended by `drain` or `stop`, the job is returned
 * unfinished.
 */
export async function runAttempt(
  deps: AttemptDeps,
  subject: RunningSubject,
  job: Job,
  { drain, stop }: Halts,
): Promise<Ending> {
  const { kind, key } = subject;
  const log = deps.log.child({ request_id: job.requestId, job_id: job.id, ...kind.logFields(key) });
  const limit = limits(deps.clock, job.policy.timeoutS);
  const elsewhere = new AbortController();
  const ends = anySignal(limit.signal, stop, elsewhere.signal);
  const { signal } = ends;
  const calls: Answering = answering({
    ...{ kind, job, log, limit, signal, drain },
    journal: journal(kind, key, job.id, deps.clock),
    leases: deps.leases,
    stepEnded: deps.stepEnded,
    stepFailed: () => elsewhere.abort(new AgentError('aborted', 'Another step failed.')),
  });
  const answers = callAnswers({
    answer: (call) => calls.answer(call),
    send: (message) => thread?.send(message),
    threw: (error, name) =>
      log.error(
        { err: error, step: calls.lastStep(), call: name },
        'a call of the module failed because of a bug in the agent',
      ),
  });
  const inFlight = answers.pending;
  const unwatch = watchHungCalls({
    clock: deps.clock,
    signal,
    calls: () => [...inFlight.values()],
    tell: (hanging) =>
      log.error(
        { alarm: 'call_hangs', calls: hanging, step: calls.lastStep() },
        'a call to a remote system did not end after it was aborted: its job occupies a slot until the agent is restarted',
      ),
  });
  let outcome: Outcome | undefined;

  let isOddLogged = false;
  const onMessage = (said: unknown): void => {
    const message = readMessage(said);
    if (!message) {
      if (!isOddLogged) log.warn({ step: calls.lastStep() }, 'ignored an invalid message from the module');
      isOddLogged = true;
    } else if (message.kind === 'end') {
      outcome = message.outcome;
    } else if (message.kind === 'log') {
      const line = cleanLine(message);
      log[line.level]({ step: line.step, ...line.fields }, line.message);
      deps.moduleLogged?.(job.pinned.module, line, { job_id: job.id, ...kind.logFields(key) });
    } else if (message.kind === 'call') {
      answers.take(message.id, message.call);
    }
  };

  const release = (): void => {
    limit.cancel();
    unwatch();
    ends.release();
  };
  let thread: Thread | undefined;
  let leave: () => void;
  let place: CodePlace;
  try {
    place = await deps.code.of(job);
    leave = deps.code.enter(job, place);
  } catch (error) {
    release();
    return { kind: 'failed', step: '', error: toRecord(asAgentError(error)) };
  }
  try {
    const pool = place.hash === null ? deps.threads : deps.processes;
    const threads = kind.threadsFrom?.(pool) ?? pool;
    thread = await threads.start(attemptOf(subject, job, place.path), onMessage, job.interactive);
  } catch (error) {
    leave();
    release();
    if (stop.aborted || drain.aborted) return { kind: 'released' };
    return { kind: 'crashed', detail: asAgentError(error).detail ?? 'the thread of the job did not start' };
  }

  const abort = (): void => {
    const reason = asAgentError(signal.reason, 'aborted');
    thread.send({ kind: 'abort', error: toRecord(reason) });
    void settle(deps, () => inFlight.keys(), thread.gone).then(() => thread.terminate());
  };
  const halt = anySignal(limit.signal, stop);
  const forget = onAbort(halt.signal, abort);

  const death = await thread.gone;
  leave();
  halt.release();
  forget();
  limit.cancel();
  elsewhere.abort(new AgentError('aborted', 'The attempt has ended.'));
  await Promise.allSettled(inFlight.keys());
  unwatch();
  return ending(outcome, {
    death,
    stopped: stop.aborted || drain.aborted,
    timedOut: limit.signal.aborted,
    passed: limit.passedBy(),
    lastStep: calls.lastStep(),
  });
}

interface Circumstance {
  readonly death: Error | undefined;
  readonly stopped: boolean;
  readonly timedOut: boolean;
  /** The step that exceeded its own limit. */
  readonly passed: string | undefined;
  /** The step of the latest call. The step may have ended already, because steps run concurrently. */
  readonly lastStep: string;
}

/** The step that is named in the thread's outcome, or an empty text. */
function stepOf(outcome: Outcome | undefined): string {
  return outcome && 'step' in outcome ? outcome.step : '';
}

/**
 * Determines how the attempt ended. If the attempt reached its end, its outcome is used even if a stop or the deadline
 * came at the same moment.
 */
function ending(
  outcome: Outcome | undefined,
  { death, stopped, timedOut, passed, lastStep }: Circumstance,
): Ending {
  if (outcome && (outcome.kind === 'completed' || outcome.kind === 'undone')) return outcome;
  const aborted =
    outcome === undefined || outcome.error.code === 'aborted' || outcome.error.code === 'job_timeout';
  if (timedOut && aborted) return { kind: 'timeout', step: passed ?? (stepOf(outcome) || lastStep) };
  if (stopped && aborted) return { kind: 'released' };
  return (
    outcome ?? { kind: 'crashed', detail: death?.message ?? 'the thread of the job ended without a result' }
  );
}

/**
 * Waits until the calls in progress have settled, so that their results are known. Then gives the thread a moment to
 * send its outcome.
 */
async function settle(
  deps: AttemptDeps,
  inFlight: () => Iterable<Promise<unknown>>,
  gone: Promise<unknown>,
): Promise<void> {
  await Promise.allSettled(inFlight());
  await orSleep(gone, deps.clock, THREAD_GRACE_MS);
  await Promise.allSettled(inFlight());
}

function attemptOf({ kind, value }: RunningSubject, job: Job, modulePath: string | null): Attempt {
  return {
    jobId: job.id,
    modulePath,
    method: job.method,
    direction: job.direction,
    subject: kind.view(value),
    settings: job.pinned.settings,
    plan: job.pinned.plan,
    args: job.args,
    undo: job.direction === 'undo' ? undoOrder(job) : [],
    steps: job.steps.map(({ name, status, notes, result }) => ({ name, status, notes, result })),
  };
}
