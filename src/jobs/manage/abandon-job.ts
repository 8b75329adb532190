/**
 * Ends a stuck job and leaves its effects in place. The job's record lists what still exists, and the service keeps its
 * claims.
 */
import { instant } from '../../kernel/clock.js';
import { AgentError } from '../../kernel/errors.js';
import type { Thing } from '../../model/flow.js';
import { sameMark } from '../../kernel/mark.js';
import type { Remain } from '../../model/flow.js';
import { leftoversOf } from '../../model/leftovers.js';
import { markOf, type Service } from '../../model/service.js';
import { plainCall } from '../../drivers/shared/call.js';
import { abandoned } from '../operator-actions.js';
import type { Caller } from '../../model/caller.js';
import { changeJob } from './change-job.js';
import type { JobContext } from './context.js';
import { type FoundJob, readJob } from './read-job.js';

/**
 * Time limit for the check of the leftovers, because the caller waits for it. An object that could not be checked
 * within this time is treated as existing.
 */
const LOOK_MS = 10_000;

/** Throws `job_not_found`, `job_ended`, `job_not_stuck`. */
export async function abandonJob(context: JobContext, caller: Caller, jobId: string): Promise<FoundJob> {
  const { serviceId, job: before } = await readJob(context, caller, jobId);
  const service = await context.state.services.get(`${caller.panel}/${serviceId}`);
  const remains = await stillThere(context, service, leftoversOf(service, before));
  const found = await changeJob(context, caller, jobId, (job, now) => {
    // if the job was retried in the meantime, the retry may have created or removed something
    if (job.status === 'stuck' && now.updatedAt !== service.updatedAt)
      throw new AgentError(
        'service_busy',
        'The service has changed in the meantime; please check the job again.',
      );
    return abandoned(job, instant(context.clock), remains);
  });
  context.log.warn(
    {
      decision: 'abandon',
      alarm: 'abandoned',
      left_alone: found.job.remains?.map(({ what }) => what),
      job_id: jobId,
      service_id: serviceId,
      panel: caller.panel,
      token: caller.name,
    },
    'an operator abandoned a stuck job; the objects that it left behind must be removed manually',
  );
  return found;
}

/** The leftovers of the job, except those that certainly no longer exist. */
async function stillThere(
  context: JobContext,
  service: Service,
  remains: readonly Remain[],
): Promise<Remain[]> {
  const call = plainCall(AbortSignal.timeout(LOOK_MS));
  const { dns, proxy, guest } = context.drivers;
  const mark = markOf(context.config.agent.id, service);
  const vmid = service.guest?.vmid ?? null;
  const fqdn = service.site?.fqdn;
  const container = async (): Promise<boolean> =>
    vmid !== null && (await guest.find({ vmid, mark }, call)) !== undefined;
  const looks: Readonly<Record<Thing, () => Promise<boolean>>> = {
    container,
    ha: container,
    snapshot: container,
    dns: async () => {
      if (fqdn === undefined) return false;
      const records = [await dns.find(fqdn, 'A', call), await dns.find(fqdn, 'AAAA', call)];
      return records.some((record) => sameMark(record?.mark, mark));
    },
    proxy: async () => (await proxy.find(mark, call)) !== undefined,
    // only the module could look for the account
    account: async () => Boolean(service.server),
  };
  const found = await Promise.all(
    remains.map(async ({ thing }) => thing === null || looks[thing]().catch(() => true)),
  );
  return remains.filter((_, index) => found[index]);
}
