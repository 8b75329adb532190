/**
 * While a module is updated, none of its jobs runs: new attempts wait, and the update waits for those that run already.
 */
import { orAbort, orSleep } from '../../kernel/async/race.js';
import type { Clock } from '../../kernel/clock.js';
import { AgentError } from '../../kernel/errors.js';
import { isLifecycleKind } from '../../model/job-kinds.js';
import type { ModuleId } from '../../model/module-record.js';
import type { ModuleCode } from '../../jobs/engine/module-code.js';

export interface Barrier {
  /** The code of jobs, of which running attempts are counted. */
  around(code: ModuleCode): ModuleCode;
  /** Resolves when no job of the module runs. Throws `module_failed` after `mostMs`, and the signal's reason. */
  idle(module: ModuleId, mostMs: number, signal: AbortSignal): Promise<void>;
}

/** `isUpdating`: whether attempts of the module must not begin. */
export function barrier(clock: Clock, isUpdating: (module: ModuleId) => boolean): Barrier {
  const running = new Map<string, number>();
  const waiting = new Map<string, Set<() => void>>();
  const count = (name: string, more: number): void => {
    const left = (running.get(name) ?? 0) + more;
    running.set(name, left);
    if (left > 0) return;
    running.delete(name);
    for (const done of waiting.get(name) ?? []) done();
    waiting.delete(name);
  };
  return {
    around: (code) => ({
      ...code,
      enter(job, place) {
        if (isLifecycleKind(job.method)) return code.enter(job, place);
        const { module } = job.pinned;
        // the runner does not begin such attempts, but this one may have begun a moment before the update
        if (isUpdating(module)) throw busy(module);
        const leave = code.enter(job, place);
        const name = nameOf(module);
        count(name, 1);
        let isOver = false;
        return () => {
          leave();
          if (!isOver) count(name, -1);
          isOver = true;
        };
      },
    }),
    async idle(module, mostMs, signal) {
      const name = nameOf(module);
      signal.throwIfAborted();
      if (!running.has(name)) return;
      const done = new Promise<true>((resolve) => {
        const waiters = waiting.get(name) ?? new Set();
        waiting.set(
          name,
          waiters.add(() => resolve(true)),
        );
      });
      if (await orSleep(orAbort(done, signal), clock, mostMs)) return;
      throw new AgentError('module_failed', 'The jobs of the module did not end in time.', {
        retryable: false,
        detail: `${running.get(name) ?? 0} jobs of ${name} still run after ${mostMs / 1000} s: the former version stays in use`,
      });
    },
  };
}

function busy(module: ModuleId): AgentError {
  return new AgentError('unknown_module', 'The product is being updated.', {
    role: 'agent',
    failure: 'busy',
    retryable: true,
    detail: `${nameOf(module)} is being updated`,
  });
}

function nameOf({ type, name }: ModuleId): string {
  return `${type}/${name}`;
}
