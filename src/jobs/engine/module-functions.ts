/** The functions that all code of a module gets, whatever it works on. They call the main thread. */
import type { JsonObject } from '../../kernel/json.js';
import type { ModuleFunctions, ModuleLogger } from '../../modules/kit/context.js';
import type { HostFunctions } from '../../modules/kit/host-calls.js';
import type { Render } from '../../modules/kit/render-view.js';
import type { Translate } from '../../modules/kit/translate.js';
import type { ToMain } from './protocol.js';

type Level = Extract<ToMain, { kind: 'log' }>['level'];
type LogLine = (level: Level, message: string, fields: JsonObject) => void;

export interface ModuleTexts {
  readonly t: Translate;
  readonly log: ModuleLogger;
  /** Called at the first use, because few modules have templates. */
  readonly render: () => Promise<Render>;
}

export function moduleFunctions(calls: HostFunctions, { t, log, render }: ModuleTexts): ModuleFunctions {
  const { cache, secrets, http, crypto, probe, alerts, services, mail, tasks, events, metrics } = calls;
  let rendering: Promise<Render> | undefined;
  return {
    ...{ secrets, http, crypto, probe, alerts, services, mail, tasks, events, t, log },
    // few modules need these functions, so each thread loads them only when they are used
    cache: {
      ...cache,
      remember: async (...args) => (await import('../../modules/kit/remember.js')).remember(cache, ...args),
    },
    password: secrets.password,
    measure: async (...args) => (await import('../../modules/kit/measure.js')).measure(metrics, ...args),
    view: async (name, data) => (await (rendering ??= render()))(name, data),
  };
}

export function moduleLogger(write: LogLine, common: JsonObject = {}): ModuleLogger {
  const line =
    (level: Level) =>
    (message: string, fields: JsonObject = {}): void =>
      write(level, message, { ...common, ...fields });
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    with: (fields) => moduleLogger(write, { ...common, ...fields }),
  };
}
