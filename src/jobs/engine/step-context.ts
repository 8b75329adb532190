/**
 * Builds the context that a step gets. It combines the data of the attempt with the functions that call the main
 * thread.
 */
import { systemClock } from '../../kernel/clock.js';
import { AgentError } from '../../kernel/errors.js';
import type { JsonObject } from '../../kernel/json.js';
import type { Collections } from '../../modules/kit/collection-types.js';
import type { ServiceView, StepContext } from '../../modules/kit/context.js';
import { type HostCallName, type HostFunctions, hostFunctions } from '../../modules/kit/host-calls.js';
import { WAIT_RANGES, type WaitUntil } from '../../modules/kit/wait-until.js';
import type { Translate } from '../../modules/kit/translate.js';
import type { StepSeat, CallJournal } from './flow-run.js';
import { moduleFunctions, moduleLogger } from './module-functions.js';
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
  const calls = hostFunctions((name, args) => ask(step, name, args));
  const { container, ha, dns, proxy, site, servers, plan, data, collections, lifecycle } = calls;
  let waits = 0;
  const waitUntil: WaitUntil = async (check, options = {}) => {
    waits += 1;
    const { every = WAIT_RANGES.every.default, atMost = WAIT_RANGES.atMost.default } = options;
    const met = await check();
    if (met) return met;
    // rejects with the error that ends the step for now
    await journal('step.wait', { step, wait: waits, everyS: every, atMostS: atMost });
    throw new AgentError('condition_pending', 'The operation waits for a condition.');
  };
  return {
    ...{ container, ha, dns, proxy, site, servers },
    // only the agent's own steps in the flows of modules use this group
    ...{ lifecycle },
    ...moduleFunctions(calls, {
      ...{ t, log: moduleLogger((level, message, fields) => log(level, step, message, fields)) },
      render: () => renderOf(attempt, t),
    }),
    // the documentation of the context says that it is undefined without a declaration
    collections: makeCollections?.(collections) as Collections,
    checkPlan: plan.check,
    saveData: data.save,
    // only tasks and jobs of modules are without a service, and their code does not use it
    service: attempt.subject as ServiceView,
    settings: attempt.settings,
    plan: attempt.plan,
    args: attempt.args,
    // `with-server.ts` sets it for products that use servers
    server: null,
    step,
    notes,
    results,
    signal,
    async note(values) {
      await journal('step.note', { step, values });
    },
    waitUntil,
    sleep: (ms) => systemClock.sleep(ms, signal),
  };
}
