/** Notifies subscribers of every durable change of a job. */
import type { Job } from '../../model/job.js';
import type { ServiceStore } from '../../state/contract.js';

/** Called with the present job, or with undefined when the job was moved to the archive. */
export type JobListener = (job: Job | undefined) => void;

export interface JobFeed {
  /** Returns a function that ends the subscription. */
  follow(jobId: string, listener: JobListener): () => void;
  close(): void;
}

export function makeJobFeed(services: Pick<ServiceStore, 'onChange'>): JobFeed {
  const followers = new Map<string, Set<JobListener>>();
  const tell = (id: string, job: Job | undefined): void => {
    for (const listener of followers.get(id) ?? []) listener(job);
  };
  const close = services.onChange((next, previous) => {
    if (followers.size === 0) return;
    for (const job of next.jobs) tell(job.id, job);
    for (const job of previous?.jobs ?? []) {
      if (!next.jobs.some((kept) => kept.id === job.id)) tell(job.id, undefined);
    }
  });
  return {
    close,
    follow(jobId, listener) {
      const listeners = followers.get(jobId) ?? new Set<JobListener>();
      followers.set(jobId, listeners.add(listener));
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0 && followers.get(jobId) === listeners) followers.delete(jobId);
      };
    },
  };
}
