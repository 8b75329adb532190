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
 * What a journal needs to know about one kind of subject: where the subjects are stored, and how a subject changes when
 * one of its jobs ends.
 */
export interface SubjectRecords<S extends Subject = Subject> {
  /** Throws when the subject does not exist. */
  get(key: string): Promise<S>;
  /**
   * Changes the subject under its lock. If `fn` returns the same value, nothing is written. Resolves once the value is
   * durable. Throws when the subject does not exist.
   */
  commit<R>(key: string, fn: (current: S) => Changed<S, R>): Promise<Changed<S, R>>;
  /** Archives an ended job. The archived job is durable when the promise resolves. */
  archive(key: string, job: Job): Promise<void>;
  /**
   * Returns the subject with the present state of this job. If the job has ended, the changes for its outcome are made
   * in the subject too. `now` is RFC 3339.
   */
  withJob(subject: S, job: Job, now: string): S;
  /** The objects that a stuck job has left behind and that an operator must deal with. */
  remains(subject: S, job: Job): readonly Remain[];
}
