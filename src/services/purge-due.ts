/**
 * Enqueues the purge of every deleted service whose time of grace has passed. Looks at records only, so nothing is
 * missed while the agent was down.
 */
import { asAgentError } from '../kernel/errors.js';
import type { OperationContext } from './context.js';
import { enqueue } from './enqueue.js';

/** Epoch ms when the next one is due, or undefined. */
export async function purgeDue(context: OperationContext): Promise<number | undefined> {
  // a date must not take a site away while nobody knows how late it is
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
  // a person has been told
  if (service.jobs.some((job) => job.status === 'stuck')) return;
  // and has decided to leave it alone
  if (service.deletion?.leftBehind !== undefined) return;
  try {
    await enqueue(context, { panel, requestId: `purge-${id}` }, id, { method: 'purge' });
  } catch (error) {
    const { code, message } = asAgentError(error);
    context.log.warn(
      { service: id, panel, code, problem: message },
      'a purge that is due could not be enqueued',
    );
  }
}
