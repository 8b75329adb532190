/** The code that a job runs. */
import type { Job } from '../../model/job.js';

export interface ModuleCode {
  /**
   * The place of the code that the job was accepted with. Throws `unknown_module` if it is missing and the agent has no
   * flow of its own; the job waits then.
   */
  of(job: Job): Promise<CodePlace>;
  /**
   * Records that the code runs, until the returned function is called. Throws `module_failed` for code that ran at two
   * deaths of the daemon.
   */
  enter(job: Job, place: CodePlace): () => void;
}

export interface CodePlace {
  /** Of `module.js`; absolute. Null: the module is gone, and the agent's own flow runs. */
  readonly path: string | null;
  /** Of the code; null: it is part of the agent. */
  readonly hash: string | null;
}
