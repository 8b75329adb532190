/** Finds an open, recently ended or archived job by its id. */
import { AgentError } from '../../kernel/errors.js';
import type { Job } from '../../model/job.js';
import type { ServiceKey } from '../../model/service.js';
import type { Caller } from '../../model/caller.js';
import type { JobContext } from './context.js';

export interface FoundJob {
  readonly serviceId: string;
  readonly job: Job;
}

/** Throws `job_not_found`, also for a job of another panel. */
export async function readJob(
  { state }: Pick<JobContext, 'state'>,
  caller: Pick<Caller, 'panel'>,
  id: string,
): Promise<FoundJob> {
  const found = (await state.services.findJob(id)) ?? (await state.archive.find(id));
  const prefix = `${caller.panel}/`;
  if (!found?.key.startsWith(prefix)) throw new AgentError('job_not_found', 'There is no such job.');
  return { serviceId: idOf(found.key), job: found.job };
}

export function idOf(key: ServiceKey): string {
  return key.slice(key.indexOf('/') + 1);
}
