/** Counts the runs that modules measure. */
import { type ModuleCall, moduleNameOf, refused } from './call.js';

export interface ModuleRun {
  /** `product/shop` */
  readonly module: string;
  readonly name: string;
  readonly seconds: number;
  readonly failed: boolean;
}

/** Each name becomes several time series, so a module must not make up names. */
const MOST_NAMES = 50;

export function runCounter(ran: (run: ModuleRun) => void): ModuleCall<'metrics.observe'> {
  const names = new Map<string, Set<string>>();
  return async (caller, name, seconds, failed) => {
    const module = moduleNameOf(caller);
    const known = names.get(module) ?? new Set();
    names.set(module, known);
    if (!known.has(name) && known.size >= MOST_NAMES)
      throw refused(
        'The module uses too many names in metrics.observe.',
        `${name}: the module has already used ${MOST_NAMES} other names`,
      );
    known.add(name);
    ran({ module, name, seconds, failed });
  };
}
