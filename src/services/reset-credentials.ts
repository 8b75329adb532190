/**
 * Starts a job that gives a site's administrator a new password. The new password can then be read like the first one.
 */
import { AgentError } from '../kernel/errors.js';
import { keyOf } from '../model/service.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from './context.js';
import { enqueue, type Started } from './enqueue.js';
import { lookUp, seen } from './read-power.js';

/** Throws `service_stopped`, and what `enqueue` throws. */
export async function resetCredentials(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
): Promise<Started> {
  const service = await context.state.services.get(keyOf({ panel: caller.panel, id }));
  if (service.lifecycle === 'active' && lookUp(context.watch, seen(service)).power === 'stopped')
    throw new AgentError('service_stopped', 'The site is stopped; start it first.');
  return enqueue(context, caller, id, { method: 'resetPassword' });
}
