/** The code that a job runs. */
import type { Job } from '../../model/job.js';

export interface ModuleCode {
  /**
   * The place of the code that was current when the job was accepted. Throws `unknown_module` if that code is missing
   * and the agent has no flow for the job; the job then waits.
   */
  of(job: Job): Promise<CodePlace>;
  /** The job with the version of the code that its next attempt runs, or the job as stuck. Default: the same job. */
  current?(job: Job): Job;
  /**
   * Records that the code is running, until the returned function is called. Throws `module_failed` for code that was
   * running on two occasions when the daemon died.
   */
  enter(job: Job, place: CodePlace): () => void;
}

export interface CodePlace {
  /** Absolute path of `module.js`. Null: the module is no longer installed, and the agent's own flow runs. */
  readonly path: string | null;
  /** Hash of the code; null for code that is part of the agent. */
  readonly hash: string | null;
}
