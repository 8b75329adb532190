/** The customer's actions: start, stop, restart, reset. */
import { AgentError } from '../kernel/errors.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from './context.js';
import { enqueue, type Started } from './enqueue.js';
import { INITIAL_SNAPSHOT, mayRollBackTo } from '../model/snapshot-rules.js';

export const SITE_ACTIONS = ['start', 'stop', 'restart', 'reset'] as const;
export type SiteAction = (typeof SITE_ACTIONS)[number];

export interface ActionRequest {
  readonly action: SiteAction;
  /** The service's status in the panel, because the panel may know of a suspension before the agent does. */
  readonly status?: string | undefined;
  /** Only for `reset`: allows newer snapshots to be deleted if the storage cannot roll back past them. */
  readonly discardNewer?: boolean | undefined;
}

/**
 * Every action can be requested again without harm. Throws what `enqueue` throws and, for `reset`, what a rollback
 * throws. Throws `service_suspended` also if the service is suspended only in the panel.
 */
export async function siteAction(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
  { action, status, discardNewer = false }: ActionRequest,
): Promise<Started> {
  if (status?.trim().toLowerCase() === 'suspended') {
    await context.state.services.get(`${caller.panel}/${id}`);
    throw new AgentError('service_suspended', 'The service is suspended.');
  }
  if (action !== 'reset') return enqueue(context, caller, id, { method: action });
  const ability = context.watch.latest()?.snapshots;
  return enqueue(context, caller, id, {
    method: 'reset',
    // if only a rollback to the newest snapshot is possible, a safety snapshot would prevent it
    args: { discard_newer: discardNewer, safety: ability !== 'newest' },
    change: (service) => ({ service: mayRollBackTo(service, INITIAL_SNAPSHOT, { ability, discardNewer }) }),
  });
}
