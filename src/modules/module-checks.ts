/** Runs the checks of modules, a few at a time, and records which code is running. */
import PQueue from 'p-queue';
import type { Json } from '../kernel/json.js';
import type { CheckEnd } from '../model/check-end.js';
import { runCheck } from './discovery/run-check.js';
import type { ReadLimits } from './discovery/reader-process.js';
import type { ModuleCheck } from './kit/declarations.js';
import type { RegisteredProduct } from './registry.js';
import type { Strikes } from './strikes.js';

export interface ModuleChecks {
  /** Never rejects. The time limit includes the time that the call waits for other calls. */
  run(
    product: RegisteredProduct,
    member: ModuleCheck,
    args: readonly Json[],
    limits: ReadLimits,
  ): Promise<CheckEnd>;
}

/** Number of checks that run at once. Each process needs one processor core and about 40 MB. */
const AT_ONCE = 4;

/** `reader`: path of the program that reads modules. */
export function moduleChecks(reader: string, strikes: Pick<Strikes, 'enter'>): ModuleChecks {
  const queue = new PQueue({ concurrency: AT_ONCE });
  return {
    async run({ info, path, hash }, member, args, limits) {
      const at = performance.now();
      return queue.add(async (): Promise<CheckEnd> => {
        const withinMs = limits.withinMs - (performance.now() - at);
        if (withinMs <= 0) return late(member, limits);
        const leave = entered(strikes, `${info.type}/${info.name}`, hash);
        const request = { type: info.type, name: info.name, path, settings: {}, check: { member, args } };
        return runCheck(reader, request, { ...limits, withinMs }).finally(leave);
      });
    },
  };
}

function late(member: ModuleCheck, { withinMs }: ReadLimits): CheckEnd {
  return { kind: 'failed', problem: `its ${member}() could not be called within ${withinMs / 1000} s` };
}

/** Without a record, the check still runs, because the disk being full must not prevent an order. */
function entered(strikes: Pick<Strikes, 'enter'>, module: string, hash: string | null): () => void {
  try {
    return hash === null ? () => undefined : strikes.enter({ module, hash });
  } catch {
    return () => undefined;
  }
}
