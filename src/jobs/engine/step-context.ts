/** Builds what a step sees out of the attempt and the calls to the main thread. */
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '../../kernel/json.js';
import type { StepContext } from '../../modules/kit/context.js';
import type { Host, StepSeat } from './flow-run.js';
import type { Attempt, ToMain } from './protocol.js';

type Level = Extract<ToMain, { kind: 'log' }>['level'];
export type LogLine = (level: Level, step: string, message: string, fields: JsonObject) => void;

export function stepContext(attempt: Attempt, seat: StepSeat, host: Host, log: LogLine): StepContext {
  const { step } = seat;
  const done = async (answer: Promise<unknown>): Promise<void> => {
    await answer;
  };
  const line =
    (level: Level) =>
    (message: string, fields: JsonObject = {}): void =>
      log(level, step, message, fields);
  return {
    service: attempt.service,
    settings: attempt.settings,
    args: attempt.args,
    step,
    notes: seat.notes,
    results: seat.results,
    signal: seat.signal,
    note: (values) => done(host('step.note', { step, values })),
    async sleep(ms) {
      try {
        await delay(ms, undefined, { signal: seat.signal });
      } catch (error) {
        throw seat.signal.aborted ? seat.signal.reason : error;
      }
    },
    log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    container: {
      allocate: (source) => host('container.allocate', { step, source }),
      ensure: (source) => host('container.ensure', { step, source }),
      start: () => done(host('container.start', { step })),
      run: (script) => host('container.run', { step, script }),
      stop: (graceS) => done(host('container.stop', { step, graceS })),
      resize: (wish) => done(host('container.resize', { step, wish })),
      converge: (source) => done(host('container.converge', { step, source })),
      snapshot: (name, description, kind) =>
        done(host('container.snapshot', { step, name, description, kind })),
      unsnapshot: (name) => done(host('container.unsnapshot', { step, name })),
      rollback: (name) => done(host('container.rollback', { step, name })),
      look: () => host('container.look', { step }),
      remove: () => done(host('container.remove', { step })),
    },
    ha: { ensure: () => done(host('ha.ensure', { step })), remove: () => done(host('ha.remove', { step })) },
    checkPlan: () => done(host('plan.check', { step })),
    dns: {
      ensure: () => done(host('dns.ensure', { step })),
      remove: () => done(host('dns.remove', { step })),
    },
    proxy: {
      ensure: ({ state, port, without = [] }) => done(host('proxy.ensure', { step, state, port, without })),
      remove: () => done(host('proxy.remove', { step })),
    },
    site: { fetch: (request) => host('site.fetch', { step, request }) },
    secrets: {
      async ensure(name, length = 24) {
        await host('secret.ensure', { step, name, length });
        return { secret: name };
      },
    },
    saveData: (values) => done(host('data.save', { step, values })),
  };
}
