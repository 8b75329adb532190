/**
 * The time limits of one attempt. The first limit applies until the thread has started. After that, one limit applies
 * to the job and one to each running step. Time spent waiting for leases is not counted.
 */
import { onAbort } from '../../kernel/async/on-abort.js';
import type { Clock } from '../../kernel/clock.js';
import { AgentError } from '../../kernel/errors.js';
import { type Deadline, deadline } from './deadline.js';

export interface Limits {
  /** Aborted as soon as any of the limits is exceeded. */
  readonly signal: AbortSignal;
  /** Name of the step whose limit was exceeded; undefined if no step's limit was exceeded. */
  passedBy(): string | undefined;
  /** Must be called when the thread has loaded its module. From then on, the job's limit applies. */
  started(): void;
  begin(step: string, timeoutS: number | undefined): void;
  end(step: string): void;
  wait(step: string, waiting: boolean): void;
  cancel(): void;
}

/**
 * Time limit for the start of a thread. Loading a module takes milliseconds, but on an overloaded machine it may take
 * longer, which is not the job's fault.
 */
const THREAD_START_S = 60;

export function limits(clock: Clock, jobTimeoutS: number): Limits {
  const over = new AbortController();
  const steps = new Map<string, Deadline>();
  let passed: string | undefined;
  const watch = (seconds: number, step?: string): Deadline => {
    const limit = deadline(
      clock,
      seconds * 1000,
      () => new AgentError('job_timeout', 'The job exceeded a time limit.'),
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
