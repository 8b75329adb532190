/**
 * The time limits of one attempt: the thread's start, then the job's and those of the steps under way. Waiting for
 * leases counts into none.
 */
import { onAbort } from '../../kernel/async/on-abort.js';
import type { Clock } from '../../kernel/clock.js';
import { AgentError } from '../../kernel/errors.js';
import { type Deadline, deadline } from './deadline.js';

export interface Limits {
  /** Aborted when the first of them has passed. */
  readonly signal: AbortSignal;
  /** The step whose limit passed, if it was one step's. */
  passedBy(): string | undefined;
  /** The thread has loaded its module: from now on the job's own time counts. */
  started(): void;
  begin(step: string, timeoutS: number | undefined): void;
  end(step: string): void;
  wait(step: string, waiting: boolean): void;
  cancel(): void;
}

/** Loading a module takes milliseconds; on a starved machine it is not the job that is to blame. */
const THREAD_START_S = 60;

export function limits(clock: Clock, jobTimeoutS: number): Limits {
  const over = new AbortController();
  const steps = new Map<string, Deadline>();
  let passed: string | undefined;
  const watch = (seconds: number, step?: string): Deadline => {
    const limit = deadline(
      clock,
      seconds * 1000,
      () => new AgentError('job_timeout', 'A time limit of the job has passed.'),
    );
    onAbort(limit.signal, () => {
      if (!over.signal.aborted) passed = step;
      over.abort(limit.signal.reason);
    });
    return limit;
  };
  let whole = watch(THREAD_START_S);
  return {
    signal: over.signal,
    passedBy: () => passed,
    started() {
      whole.cancel();
      whole = watch(jobTimeoutS);
    },
    begin(step, timeoutS) {
      steps.get(step)?.cancel();
      if (timeoutS !== undefined) steps.set(step, watch(timeoutS, step));
    },
    end(step) {
      steps.get(step)?.cancel();
      steps.delete(step);
    },
    wait(step, waiting) {
      whole.wait(waiting);
      steps.get(step)?.wait(waiting);
    },
    cancel() {
      whole.cancel();
      for (const limit of steps.values()) limit.cancel();
    },
  };
}
