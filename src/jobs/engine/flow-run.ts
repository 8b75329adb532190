/**
 * Runs one flow once, forward or as an undo. The code does not depend on threads: it sends its journal calls to the
 * main thread through a function, and `contextFor` builds the contexts of steps.
 */
import { anySignal } from '../../kernel/async/any-signal.js';
import { AgentError, asAgentError, toRecord } from '../../kernel/errors.js';
import { type Flow, shapeOf, startable, type Step, type StepStatus } from '../../model/flow.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import { plainJson } from '../../kernel/plain-json.js';
import { CALL_BOUNDS } from '../../modules/kit/call-bounds.js';
import type { StepContext } from '../../modules/kit/context.js';
import { within } from './bounded-call.js';
import { isPending } from './waits.js';
import type { Attempt, JournalCallName, JournalCalls, Outcome } from './protocol.js';

/** Sends a journal call to the main thread. Rejects with the AgentError from the response. */
export type CallJournal = <N extends JournalCallName>(
  name: N,
  args: JournalCalls[N]['args'],
) => Promise<JournalCalls[N]['answer']>;

const RESULT_BOUNDS = { bytes: CALL_BOUNDS.result };

export interface StepSeat {
  readonly step: string;
  readonly notes: JsonObject;
  readonly results: Readonly<Record<string, Json>>;
  readonly signal: AbortSignal;
}

export interface FlowRun {
  readonly attempt: Attempt;
  readonly flow: Flow<StepContext>;
  readonly journal: CallJournal;
  /** The main thread aborts this signal when the agent stops or a time limit is exceeded. */
  readonly signal: AbortSignal;
  contextFor(seat: StepSeat): StepContext;
}

export async function runFlow(run: FlowRun): Promise<Outcome> {
  const shapes = shapeOf(run.flow);
  await run.journal('flow.declare', { shapes });
  return run.attempt.direction === 'forward' ? forward(run) : back(run);
}

/**
 * Starts all steps that can start, concurrently. After a temporary failure, independent steps continue, so that, for
 * example, a DNS server that is down does not prevent the creation of the container. A permanent failure aborts the
 * other steps. In both cases, all started steps are awaited.
 */
async function forward(run: FlowRun): Promise<Outcome> {
  const shapes = shapeOf(run.flow);
  const status = new Map<string, StepStatus>();
  const results: Record<string, Json> = {};
  for (const step of run.attempt.steps) {
    // a skipped step is treated as done, without a result
    const done = step.status === 'done' || step.status === 'skipped';
    status.set(step.name, done ? 'done' : 'pending');
    if (done) results[step.name] = step.result;
  }
  const aborter = new AbortController();
  // the combined signal is not released, because the thread ends with the run
  const { signal } = anySignal(run.signal, aborter.signal);
  const running = new Map<string, Promise<void>>();
  let failure: { step: string; error: AgentError } | undefined;

  const fail = (step: string, error: AgentError): void => {
    // a wait matters least, because it costs no try
    const isWorse = !failure || isPending(failure.error) || (failure.error.retryable && !error.retryable);
    if (isWorse && !(failure && isPending(error))) failure = { step, error };
    if (!error.retryable) aborter.abort(new AgentError('aborted', 'Another step failed.'));
  };

  const begin = async (name: string): Promise<void> => {
    const step = run.flow[name];
    if (!step) throw new Error(`no step ${name}`);
    try {
      const result = await runStep(run, name, step, results, signal);
      results[name] = result;
      status.set(name, 'done');
    } catch (error) {
      status.set(name, 'failed');
      fail(name, asAgentError(error, 'module_failed'));
    }
  };

  for (;;) {
    if (!signal.aborted) {
      for (const name of startable(shapes, (step) => status.get(step) ?? 'pending')) {
        status.set(name, 'running');
        running.set(
          name,
          begin(name).finally(() => running.delete(name)),
        );
      }
    }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  if (failure) return { kind: 'failed', step: failure.step, error: toRecord(failure.error) };
  if (signal.aborted)
    return { kind: 'failed', step: '', error: toRecord(asAgentError(signal.reason, 'aborted')) };
  return { kind: 'completed' };
}

async function runStep(
  run: FlowRun,
  name: string,
  step: Step<StepContext>,
  results: Readonly<Record<string, Json>>,
  signal: AbortSignal,
): Promise<Json> {
  const { notes } = await run.journal('step.begin', {
    step: name,
    direction: 'forward',
    ...(step.timeoutS === undefined ? {} : { timeoutS: step.timeoutS }),
  });
  let result: Json;
  try {
    const returned = await step.run(run.contextFor({ step: name, notes, results: { ...results }, signal }));
    result = resultOf(name, returned);
    signal.throwIfAborted();
  } catch (error) {
    const failed = asAgentError(error, 'module_failed');
    await run.journal('step.end', { step: name, direction: 'forward', error: toRecord(failed) });
    throw failed;
  }
  await run.journal('step.end', { step: name, direction: 'forward', result });
  return result;
}

/** The result in the form in which the journal stores it. If a result cannot be stored, the step fails. */
function resultOf(step: string, returned: unknown): Json {
  return within(() => plainJson(returned ?? null, `the result of the step ${step}`, RESULT_BOUNDS));
}

/**
 * Undoes the steps one after the other, in the order that the journal determines. Stops at the first step that cannot
 * be undone.
 */
async function back(run: FlowRun): Promise<Outcome> {
  const results: Record<string, Json> = {};
  for (const step of run.attempt.steps) results[step.name] = step.result;
  for (const name of run.attempt.undo) {
    const step = run.flow[name];
    try {
      run.signal.throwIfAborted();
      const { notes } = await run.journal('step.begin', { step: name, direction: 'undo' });
      await step?.undo?.(run.contextFor({ step: name, notes, results, signal: run.signal }));
      await run.journal('step.end', { step: name, direction: 'undo', result: null });
    } catch (error) {
      const failed = toRecord(asAgentError(error, 'module_failed'));
      await run.journal('step.end', { step: name, direction: 'undo', error: failed });
      return { kind: 'undo_failed', step: name, error: failed };
    }
  }
  return { kind: 'undone' };
}
