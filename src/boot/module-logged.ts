/** Writes the log lines of jobs' modules into the logs of the modules. */
import type { ModuleLogged } from '../jobs/engine/module-line.js';
import type { ModuleLog } from '../modules/log/module-log.js';

export function intoModuleLog(log: ModuleLog): ModuleLogged {
  return (module, { level, step, message, fields, dropped }, about) =>
    log.write(module, {
      ...{ level, message, fields, about: { ...about, step } },
      ...(dropped === undefined ? {} : { dropped }),
    });
}
