/**
 * A subject is what a job works on, for example a service. The engine knows only the subject's jobs, and treats all
 * kinds of subjects alike.
 */
import type { Changed } from '../../kernel/changed.js';
import type { Remain } from '../../model/flow.js';
import type { Job } from '../../model/job.js';

export interface Subject {
  /** The jobs, oldest first. Only the first open job may run. */
  readonly jobs: readonly Job[];
}

/**
 * What a journal needs from one kind of subject: the records of the subjects, and the changes that the end of a job
 * makes in them.
 */
export interface SubjectRecords<S extends Subject = Subject> {
  /** Throws when the subject does not exist. */
  get(key: string): Promise<S>;
  /**
   * Changes the subject under its lock. If `fn` returns the same value, nothing is written. Resolves once the value is
   * durable. Throws when the subject does not exist.
   */
  commit<R>(key: string, fn: (current: S) => Changed<S, R>): Promise<Changed<S, R>>;
  /** Durable when it resolves. */
  archive(key: string, job: Job): Promise<void>;
  /**
   * The subject with the present state of this job. If the job has ended, the subject also has the job's outcome. `now`
   * is RFC 3339.
   */
  withJob(subject: S, job: Job, now: string): S;
  /** What a stuck job has left behind for an operator to deal with. */
  remains(subject: S, job: Job): readonly Remain[];
}
