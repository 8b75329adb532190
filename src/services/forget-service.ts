/**
 * Lets go of a service whose container can no longer be reached: all but the tombstone and a list of what remains is
 * given up. For operators.
 */
import type { Caller } from '../model/caller.js';
import type { OperationContext } from './context.js';
import { enqueue, type Started } from './enqueue.js';

/** Throws `service_terminated` when nothing is kept any more, and as `enqueue`. */
export async function forgetService(context: OperationContext, caller: Caller, id: string): Promise<Started> {
  const started = await enqueue(context, caller, id, { method: 'forget' });
  const { guest } = started.service;
  context.log.warn(
    {
      alarm: 'forgotten',
      service: id,
      panel: caller.panel,
      vmid: guest?.vmid ?? null,
      node: guest?.node ?? null,
      token: caller.name,
    },
    'an operator forgets this service; its container must be removed by hand',
  );
  return started;
}
