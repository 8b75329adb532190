/** What the end of a job means for its service: one table, method by method. */
import type { Job } from '../domain/job.js';
import { mayBecome, type Service } from '../domain/service.js';

type Rule = (service: Service, now: string) => Service;

interface Rules {
  readonly completed: Rule;
  /** The job failed and everything was taken back. */
  readonly undone: Rule;
  /** A person must finish it. */
  readonly stuck: Rule;
}

const unchanged: Rule = (service) => service;
const become =
  (lifecycle: Service['lifecycle'], also: Partial<Service> = {}): Rule =>
  (service) => {
    if (!mayBecome(service.lifecycle, lifecycle))
      throw new Error(`a service cannot go from ${service.lifecycle} to ${lifecycle}`);
    return { ...service, lifecycle, ...also };
  };

/** Number, addresses and node are free again; with them the name (see state/claims.ts). */
const RELEASED = { vmid: null, node: null, addresses: [], snapshots: [] } as const satisfies Partial<Service>;

const ENDINGS: Readonly<Record<string, Rules>> = {
  create: {
    completed: (service, now) => become('active', { activeAt: now })(service, now),
    undone: become('failed', RELEASED),
    stuck: become('failed'),
  },
};

const DEFAULT: Rules = { completed: unchanged, undone: unchanged, stuck: unchanged };

/** The service with this job as it now is; when the job has ended, with what that means, and without the ended jobs before it. */
export function withJob(service: Service, job: Job, now: string): Service {
  const jobs = service.jobs.map((other) => (other.id === job.id ? job : other));
  const next = { ...service, jobs, updatedAt: now };
  if (job.endedAt === null) return next;
  const rules = ENDINGS[job.method] ?? DEFAULT;
  const rule =
    job.status === 'completed' ? rules.completed : job.status === 'stuck' ? rules.stuck : rules.undone;
  return rule({ ...next, jobs: jobs.filter((other) => other.id === job.id || other.endedAt === null) }, now);
}
