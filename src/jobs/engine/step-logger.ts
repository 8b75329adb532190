/** Logs and counts every run of a step as soon as the journal contains the end of the run. */
import type { Logger } from 'pino';
import type { Call } from './protocol.js';

export interface StepEnd {
  readonly method: string;
  readonly step: string;
  readonly outcome: 'done' | 'failed' | 'aborted' | 'waiting' | 'undone' | 'undo_failed';
  readonly ms: number;
}

/** Called at the end of every run of a step. */
export type StepEnded = (end: StepEnd) => void;

/**
 * The returned function must be called after every call of an attempt. `log` already contains the request, the job and
 * its subject as fields.
 */
export function stepLogger(
  log: Logger,
  stepEnded: StepEnded | undefined,
  method: string,
): (call: Call) => void {
  const began = new Map<string, number>();
  return (call) => {
    if (call.name === 'step.begin') began.set(call.args.step, performance.now());
    if (call.name !== 'step.end') return;
    const { step, direction, error } = call.args;
    const outcome = outcomeOf(direction, error?.code);
    const ms = Math.round(performance.now() - (began.get(step) ?? performance.now()));
    stepEnded?.({ method, step, outcome, ms });
    const line = { method, step, outcome, duration_ms: ms };
    const message = `the step ${step} of ${method} ${ENDED[outcome]}`;
    if (outcome === 'failed' || outcome === 'undo_failed') {
      const { code, role, detail, retryable } = error ?? {};
      log.warn({ ...line, code, role, detail, retryable }, message);
    } else log.info(line, message);
  };
}

const ENDED: Readonly<Record<StepEnd['outcome'], string>> = {
  done: 'has completed',
  failed: 'has failed',
  aborted: 'was aborted',
  waiting: 'waits for its condition',
  undone: 'was undone',
  undo_failed: 'could not be undone',
};

function outcomeOf(direction: 'forward' | 'undo', code: string | undefined): StepEnd['outcome'] {
  if (code === 'condition_pending') return 'waiting';
  if (direction === 'undo') return code === undefined ? 'undone' : 'undo_failed';
  if (code === undefined) return 'done';
  return code === 'aborted' ? 'aborted' : 'failed';
}
