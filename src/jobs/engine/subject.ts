/**
 * A subject is what a job works on, for example a service. The engine knows only the subject's jobs, and treats all
 * kinds of subjects alike.
 */
import type { Changed } from '../../kernel/changed.js';
import type { Remain } from '../../model/flow.js';
import type { Job } from '../../model/job.js';

export interface Subject {
  /** Oldest first; only the first open one may run. */
  readonly jobs: readonly Job[];
}

/**
 * What a journal needs for one kind of subject: where subjects are recorded, and what the end of a job changes in
 * them.
 */
export interface SubjectRecords<S extends Subject = Subject> {
  /** Throws when it does not exist. */
  get(key: string): Promise<S>;
  /**
   * Changes it under its lock; if `fn` returns the same value, nothing is written. Resolves once the value is
   * durable. Throws when it does not exist.
   */
  commit<R>(key: string, fn: (current: S) => Changed<S, R>): Promise<Changed<S, R>>;
  /** Durable when it resolves. */
  archive(key: string, job: Job): Promise<void>;
  /**
   * The subject with the present state of this job and, if the job has ended, with its outcome, at `now` (RFC 3339).
   */
  withJob(subject: S, job: Job, now: string): S;
  /** What a stuck job leaves to an operator. */
  remains(subject: S, job: Job): readonly Remain[];
}
