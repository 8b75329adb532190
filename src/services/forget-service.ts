/**
 * Forgets a service whose container can no longer be reached. Only a tombstone and a list of the leftovers are kept.
 * For operators.
 */
import type { Caller } from '../model/caller.js';
import type { OperationContext } from './context.js';
import { enqueue, type Started } from './enqueue.js';

/** Throws `service_terminated` when nothing of the service is kept, and what `enqueue` throws. */
export async function forgetService(context: OperationContext, caller: Caller, id: string): Promise<Started> {
  const started = await enqueue(context, caller, id, { method: 'forget' });
  const { guest } = started.service;
  context.log.warn(
    {
      alarm: 'forgotten',
      service_id: id,
      panel: caller.panel,
      vmid: guest?.vmid ?? null,
      node: guest?.node ?? null,
      token: caller.name,
    },
    'an operator gave up this service; its container must be removed manually',
  );
  return started;
}
