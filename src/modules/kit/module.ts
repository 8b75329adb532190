/** The base class of every module: its name, its settings, and the jobs that it can run. */
import type { TSchema } from 'typebox';
import { AgentError } from '../../kernel/errors.js';
import type { Flow } from '../../model/flow.js';
import type { JobPolicy } from '../../model/job.js';
import type { StepContext } from './context.js';

export const MODULE_TYPES = ['product', 'plugin', 'payment', 'notification'] as const;

export interface ModuleInfo {
  readonly type: (typeof MODULE_TYPES)[number];
  /** Folder name: lower-case letters, digits, hyphens. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Semantic version; pinned in every job. */
  readonly version: string;
  readonly author: string;
}

/** The flow that a job method returns. */
export type JobFlow = Flow<StepContext>;

export abstract class Module {
  abstract readonly info: ModuleInfo;
  /** Schema of the settings in the config file; unknown keys are refused. */
  abstract readonly settings: TSchema;

  /** The flow of a job (`create` -> `createJob()`). */
  flow(method: string): JobFlow {
    const found: unknown = Reflect.get(this, `${method}Job`);
    if (typeof found !== 'function') {
      throw new AgentError('module_failed', 'The product does not support this.', {
        detail: `${this.info.name} has no ${method}Job`,
      });
    }
    return Reflect.apply(found, this, []) as JobFlow;
  }

  /** Differences from the default policy for this method. */
  policy(_method: string): Partial<JobPolicy> {
    return {};
  }
}
