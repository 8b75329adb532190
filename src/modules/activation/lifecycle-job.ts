/** Makes the jobs that activate, update and deactivate a module. */
import { v7 as uuidV7 } from 'uuid';
import { type Clock, instant } from '../../kernel/clock.js';
import type { JsonObject } from '../../kernel/json.js';
import { DEFAULT_POLICY, type Job } from '../../model/job.js';
import type { LifecycleKind } from '../../model/job-kinds.js';
import type { ModuleId, ModuleVersion } from '../../model/module-record.js';
import type { Plan } from '../../model/plan.js';

/** Argument of a deactivation that also removes the data of the module. */
export const PURGE = 'purge';

/** The job belongs to no service, so it has no plan. */
const NO_PLAN: Plan = {
  ...{ name: '', aliases: [], memoryMb: 0, swapMb: 0, diskGb: 0, cores: 0, domains: 0, backups: 0 },
};
/** An update waits for the running jobs of the module, and changes all of its documents. */
const TIMEOUT_S = 7_200;
/** New jobs of the module wait during an update, so it must not wait for hours for another system. */
const PATIENCE_S = 900;

export interface LifecycleOrder {
  readonly method: LifecycleKind;
  readonly module: ModuleId;
  readonly version: ModuleVersion;
  readonly settings: JsonObject;
  readonly args?: JsonObject;
  readonly requestId: string;
  /** True if an operator waits for the result. */
  readonly interactive: boolean;
}

export function newLifecycleJob(clock: Clock, retryS: number, order: LifecycleOrder): Job {
  const { method, module, version, settings, args = {}, requestId, interactive } = order;
  const { hash } = version;
  return {
    ...{ id: uuidV7({ msecs: clock.now() }), method, status: 'queued', direction: 'forward', interactive },
    ...{ tags: [method], requestId, args },
    pinned: {
      module: {
        ...{ type: module.type, name: module.name, version: version.version },
        ...(hash === null ? {} : { hash }),
      },
      plan: NO_PLAN,
      settings,
    },
    policy: { ...DEFAULT_POLICY, backoffS: retryS, timeoutS: TIMEOUT_S, patienceS: PATIENCE_S },
    ...{ attempts: 0, exceptions: 0, crashes: 0, steps: [] },
    ...{ createdAt: instant(clock), startedAt: null, endedAt: null },
  };
}
