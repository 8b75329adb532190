/**
 * Builds the context that a step gets. It combines the data of the attempt with the functions that call the main
 * thread.
 */
import { systemClock } from '../../kernel/clock.js';
import type { JsonObject } from '../../kernel/json.js';
import type { Collections } from '../../modules/kit/collection-types.js';
import type { ModuleLogger, ServiceView, StepContext } from '../../modules/kit/context.js';
import { type HostCallName, type HostFunctions, hostFunctions } from '../../modules/kit/host-calls.js';
import type { Render } from '../../modules/kit/render-view.js';
import type { Translate } from '../../modules/kit/translate.js';
import type { StepSeat, CallJournal } from './flow-run.js';
import { renderOf } from './module-texts.js';
import type { Attempt, ToMain } from './protocol.js';

type Level = Extract<ToMain, { kind: 'log' }>['level'];

/** Functions through which a step's code reaches the main thread. */
export interface Outside {
  readonly journal: CallJournal;
  /** Rejects with the AgentError of the main thread's response. */
  readonly ask: (step: string, name: HostCallName, args: readonly unknown[]) => Promise<unknown>;
  readonly log: (level: Level, step: string, message: string, fields: JsonObject) => void;
}

/** Makes the functions for the collections of the module from the calls to them. */
export type MakeCollections = (calls: HostFunctions['collections']) => Collections;

export function stepContext(
  attempt: Attempt,
  seat: StepSeat,
  { journal, ask, log }: Outside,
  t: Translate,
  makeCollections?: MakeCollections,
): StepContext {
  const { step, notes, results, signal } = seat;
  const { plan, data, metrics, collections, ...calls } = hostFunctions((name, args) => ask(step, name, args));
  const { cache, secrets } = calls;
  let render: Promise<Render> | undefined;
  const logger = (common: JsonObject): ModuleLogger => {
    const line =
      (level: Level) =>
      (message: string, fields: JsonObject = {}): void =>
        log(level, step, message, { ...common, ...fields });
    return {
      debug: line('debug'),
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      with: (fields) => logger({ ...common, ...fields }),
    };
  };
  return {
    ...calls,
    // the documentation of the context says that it is undefined without a declaration
    collections: makeCollections?.(collections) as Collections,
    // few modules need these functions, so each thread loads them only when they are used
    cache: {
      ...cache,
      remember: async (...args) => (await import('../../modules/kit/remember.js')).remember(cache, ...args),
    },
    password: secrets.password,
    measure: async (...args) => (await import('../../modules/kit/measure.js')).measure(metrics, ...args),
    t,
    view: async (name, data) => (await (render ??= renderOf(attempt, t)))(name, data),
    checkPlan: plan.check,
    saveData: data.save,
    // only a task can be without a service, and it gets another context (`task-flow.ts`)
    service: attempt.subject as ServiceView,
    settings: attempt.settings,
    plan: attempt.plan,
    args: attempt.args,
    step,
    notes,
    results,
    signal,
    async note(values) {
      await journal('step.note', { step, values });
    },
    sleep: (ms) => systemClock.sleep(ms, signal),
    log: logger({}),
  };
}
