/**
 * What jobs are of: a service, say. The engine knows nothing of a subject but its jobs, and handles all kinds of
 * subjects alike.
 */
import type { Changed } from '../../kernel/changed.js';
import type { Remain } from '../../model/flow.js';
import type { Job } from '../../model/job.js';

export interface Subject {
  /** Oldest first; the first open one is the only one that may run. */
  readonly jobs: readonly Job[];
}

/** Where subjects of one kind are recorded, and what the end of a job means for them: what a journal needs. */
export interface SubjectRecords<S extends Subject = Subject> {
  /** Throws when there is none. */
  get(key: string): Promise<S>;
  /**
   * Changes it under its lock; the same value: nothing is written. Resolves once the value is durable. Throws when
   * there is none.
   */
  commit<R>(key: string, fn: (current: S) => Changed<S, R>): Promise<Changed<S, R>>;
  /** Durable when it resolves. */
  archive(key: string, job: Job): Promise<void>;
  /** The subject with this job as it now is; when the job has ended, with what that means, at `now` (RFC 3339). */
  withJob(subject: S, job: Job, now: string): S;
  /** What a stuck job leaves to a person. */
  remains(subject: S, job: Job): readonly Remain[];
}
