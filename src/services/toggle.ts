/** Disables or enables all names of a site at its customer's request. The site itself keeps running. */
import { siteOf, withSite } from '../model/service.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from './context.js';
import { enqueue, type Started } from './enqueue.js';

/**
 * `enabled` undefined: switches to the opposite state; a repeated request joins the open job. Throws what `enqueue`
 * throws.
 */
export async function toggle(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
  enabled: boolean | undefined,
): Promise<Started> {
  return enqueue(context, caller, id, {
    method: 'toggle',
    sameArgs: (args) => enabled === undefined || args['enabled'] === enabled,
    change(service) {
      const before = siteOf(service).proxyEnabled;
      const next = enabled ?? !before;
      return { service: withSite(service, { proxyEnabled: next }), args: { enabled: next, before } };
    },
  });
}
