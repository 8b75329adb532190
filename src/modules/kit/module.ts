/** The base class of every module: its name, its settings, and the jobs that it can run. */
import type { TSchema } from 'typebox';
import { AgentError } from '../../kernel/errors.js';
import type { Flow } from '../../model/flow.js';
import type { JobPolicy } from '../../model/job.js';
import { JOB_KINDS } from '../../model/job-kinds.js';
import type { ModuleType } from '../../model/module-view.js';
import type { CollectionDeclaration, CollectionMigration } from './collection-types.js';
import type { StepContext } from './context.js';
import type { Reading } from './reading.js';

export interface ModuleInfo {
  readonly type: ModuleType;
  /**
   * Name of the module, which is also the name of its folder. It consists of lower-case letters, digits and hyphens.
   */
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
  /** Schema of the module's settings in the config file. Unknown keys are refused. */
  abstract readonly settings: TSchema;

  /** The records of the agent that the module reads in addition to its own. The code can read no others. */
  readonly reads: readonly Reading[] = [];

  /** Collections of the module's own documents, by their names. Steps reach them through `ctx.collections`. */
  readonly collections?: Readonly<Record<string, CollectionDeclaration>>;
  /** Changes the documents of earlier versions, oldest first. */
  readonly migrations?: readonly CollectionMigration[];

  /**
   * The kinds of jobs for which the module has a flow. The agent refuses requests for other kinds with 409
   * `not_supported`. The agent reads this list once per version of the module.
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

  /** The values of the policy for this method that differ from the default policy. */
  policy(_method: string): Partial<JobPolicy> {
    return {};
  }
}
