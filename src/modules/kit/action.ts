/** An action that a product offers for its services, in addition to those of the agent. */
import type { JobPolicy } from '../../model/job.js';
import type { JobFlow } from './module.js';
import type { Schema } from './schema.js';

export interface ModuleAction {
  /** Shown to customers. */
  readonly title: string;
  readonly description?: string;
  /**
   * JSON Schema of the input, which steps get as `args`. The type must be `object`, without secrets and references.
   * Default: the action has no input.
   */
  readonly input?: Schema;
  /** The values of the policy that differ from the default policy. */
  readonly policy?: Partial<JobPolicy>;
  readonly flow: () => JobFlow;
}
