/** One line of the log, and one word to who counts, for every run of a step: when its end is in the journal. */
import type { HostCallName, HostCalls } from './protocol.js';
import type { EngineDeps, StepEnd } from '../effects/effect.js';

type Told = <N extends HostCallName>(name: N, args: HostCalls[N]['args']) => void;

/** To be called behind every journal call of an attempt; `log` carries the request, the job and the service. */
export function tellSteps({ log, stepEnded }: Pick<EngineDeps, 'log' | 'stepEnded'>, method: string): Told {
  const began = new Map<string, number>();
  return (name, args) => {
    if (!('direction' in args)) return;
    const { step, direction } = args;
    if (name === 'step.begin') began.set(step, performance.now());
    if (name !== 'step.end') return;
    const error = 'error' in args ? args.error : undefined;
    const outcome = outcomeOf(direction, error?.code);
    const ms = Math.round(performance.now() - (began.get(step) ?? performance.now()));
    stepEnded?.({ method, step, outcome, ms });
    const line = { method, step, outcome, duration_ms: ms };
    if (outcome === 'failed' || outcome === 'undo_failed') {
      const { code, role, detail, retryable } = error ?? {};
      log.warn({ ...line, code, role, detail, retryable }, 'step');
    } else log.info(line, 'step');
  };
}

function outcomeOf(direction: 'forward' | 'undo', code: string | undefined): StepEnd['outcome'] {
  if (direction === 'undo') return code === undefined ? 'undone' : 'undo_failed';
  if (code === undefined) return 'done';
  return code === 'aborted' ? 'aborted' : 'failed';
}
