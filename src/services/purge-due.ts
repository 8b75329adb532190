/**
 * Enqueues the purge of every deleted service whose hold time has passed. The agent finds purges that are due by
 * searching the records, so it also runs purges that became due while the agent was down.
 */
import { asAgentError } from '../kernel/errors.js';
import type { OperationContext } from './context.js';
import { enqueue } from './enqueue.js';

/** Returns the time of the next purge (epoch ms), or undefined if none is planned. */
export async function purgeDue(context: OperationContext): Promise<number | undefined> {
  // while the clock is not trusted, no site is removed because of a date
  if (!context.clock.trusted()) return undefined;
  const now = context.clock.now();
  let next: number | undefined;
  for (const entry of context.state.services.entries()) {
    if (entry.purgeAt === null || entry.lifecycle !== 'terminated' || entry.openJobs.length > 0) continue;
    const due = Date.parse(entry.purgeAt);
    if (due > now) next = Math.min(next ?? due, due);
    else await purge(context, entry.panel, entry.id);
  }
  return next;
}

async function purge(context: OperationContext, panel: string, id: string): Promise<void> {
  const service = await context.state.services.get(`${panel}/${id}`);
  // an alert already reports the stuck job
  if (service.jobs.some((job) => job.status === 'stuck')) return;
  // an operator has abandoned the purge
  if (service.deletion?.leftBehind !== undefined) return;
  try {
    await enqueue(context, { panel, requestId: `purge-${id}` }, id, { method: 'purge' });
  } catch (error) {
    const { code, message } = asAgentError(error);
    context.log.warn(
      { service_id: id, panel, code, problem: message },
      'the job that purges a deleted service could not be recorded',
    );
  }
}
