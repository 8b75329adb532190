/**
 * Counts how jobs end. It compares a service's document before and after each change, so the job engine does not need
 * to report the end of jobs.
 */
import type { Job } from '../model/job.js';
import type { Service } from '../model/service.js';
import type { Counted } from './registry.js';

export function countJobs(counted: Counted, next: Service, previous: Service | undefined): void {
  for (const job of next.jobs) {
    const before = previous?.jobs.find(({ id }) => id === job.id);
    if (before !== job) countJob(counted, job, before);
  }
}

function countJob(counted: Counted, job: Job, before: Job | undefined): void {
  const { method } = job;
  if (job.startedAt !== null && (before?.startedAt ?? null) === null)
    counted.waitSeconds.observe(
      { interactive: String(job.interactive) },
      seconds(job.createdAt, job.startedAt),
    );
  if (job.endedAt !== null && (before?.endedAt ?? null) === null) {
    counted.operations.inc({ method, result: job.status });
    counted.jobSeconds.observe({ method }, seconds(job.createdAt, job.endedAt));
  }
  if (!before) return;
  if (job.status === 'waiting' && before.status === 'running')
    counted.retries.inc({ method, code: job.error?.code ?? 'internal_error' });
  if (hasCrashed(job, before)) counted.crashes.inc({ method });
  if (job.direction === 'undo' && before.direction === 'forward') counted.undos.inc({ method });
}

/**
 * Whether the job has crashed. The count of crashes has increased, or it is zero again because the last permitted crash
 * has started the rollback.
 */
function hasCrashed(job: Job, before: Job): boolean {
  const gaveUp = job.error?.code === 'job_crashed' && before.error?.code !== 'job_crashed';
  return job.crashes > before.crashes || gaveUp;
}

function seconds(from: string, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}
