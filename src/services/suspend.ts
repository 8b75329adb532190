/** Suspends a service for a given reason, and lifts that reason again. */
import { AgentError } from '../kernel/errors.js';
import type { Service, SuspensionReason } from '../model/service.js';
import { type Caller, mayDo } from '../model/caller.js';
import type { OperationContext } from './context.js';
import { enqueue, type Started } from './enqueue.js';
import { isKnownStopped, isUndisturbed } from './suspension-settled.js';

type Suspended = Started | { readonly service: Service; readonly job: undefined };

/**
 * Changes by the customer are refused as soon as the suspension is recorded. Returns no job if a repeated request has
 * nothing to do. Throws what `enqueue` throws, and `forbidden` for a reason that this token may not use.
 */
export async function suspend(
  context: OperationContext,
  caller: Caller,
  id: string,
  reason: SuspensionReason = 'billing',
): Promise<Suspended> {
  refuseReason(caller, reason, 'admin');
  const service = await context.state.services.get(`${caller.panel}/${id}`);
  if (service.suspendedFor.includes(reason) && isKnownStopped(context, service))
    return { service, job: undefined };
  return enqueue(context, caller, id, {
    method: 'suspend',
    args: { reason },
    change: (service) => ({ service: withReason(service, reason) }),
  });
}

/**
 * Lifts the reason `billing`, unless another reason is named. The site is started again when its last reason is lifted.
 * Returns the same as `suspend`, and throws the same errors.
 */
export async function unsuspend(
  context: OperationContext,
  caller: Caller,
  id: string,
  reason: SuspensionReason = 'billing',
): Promise<Suspended> {
  refuseReason(caller, reason, 'abuse', 'admin');
  const service = await context.state.services.get(`${caller.panel}/${id}`);
  if (!service.suspendedFor.includes(reason) && isUndisturbed(service)) return { service, job: undefined };
  return enqueue(context, caller, id, { method: 'unsuspend', args: { reason } });
}

function refuseReason(caller: Caller, reason: SuspensionReason, ...operators: SuspensionReason[]): void {
  if (!operators.includes(reason) || mayDo(caller, 'admin')) return;
  throw new AgentError('forbidden', `This token may not use the reason "${reason}".`);
}

/** A site that is still being created becomes suspended when it is ready (see outcomes.ts). */
function withReason(service: Service, reason: SuspensionReason): Service {
  const suspendedFor = [...new Set([...service.suspendedFor, reason])];
  const isMade = service.lifecycle === 'active' || service.lifecycle === 'suspended';
  return { ...service, suspendedFor, ...(isMade ? { lifecycle: 'suspended' as const } : {}) };
}
