/** The base class of every module: its name, its settings, and the jobs that it can run. */
import type { TSchema } from 'typebox';
import { AgentError } from '../../kernel/errors.js';
import type { Flow } from '../../model/flow.js';
import type { JobPolicy } from '../../model/job.js';
import { JOB_KINDS } from '../../model/job-kinds.js';
import type { ModuleType } from '../../model/module-view.js';
import type { StepContext } from './context.js';

export interface ModuleInfo {
  readonly type: ModuleType;
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

  /**
   * The kinds of jobs that it has a flow for: calls for others are refused with 409 `not_supported`. The agent reads
   * this once per version.
   */
  get abilities(): readonly string[] {
    return Object.keys(JOB_KINDS).filter((kind) => typeof Reflect.get(this, `${kind}Job`) === 'function');
  }

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
