/**
 * Adds the domain that came with an order as soon as it points here. Failed tries are repeated with growing pauses. A
 * domain that cannot be added never makes the site fail.
 */
import { requestAfter, requestDue, withoutRequestedDomain } from '../model/requested-domain.js';
import { asAgentError } from '../kernel/errors.js';
import { logFieldsOf, type Service, type ServiceKey, withSite } from '../model/service.js';
import { addDomain } from './add-domain.js';
import type { OperationContext } from '../services/context.js';

/** Several domains are tried at once, because unresponsive name servers must not delay the other domains. */
const AT_ONCE = 8;

/**
 * Tries to add the domains that are due. Returns the time of the next try (epoch ms), or undefined if none is planned.
 */
export async function retryRequestedDomains(
  context: OperationContext,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { clock, state } = context;
  const due: ServiceKey[] = [];
  for (const { key, requestDueAt } of state.services.entries())
    if (requestDueAt !== null && requestDue(requestDueAt, clock.now()) <= clock.now()) due.push(key);
  for (let start = 0; start < due.length && !signal.aborted; start += AT_ONCE)
    await Promise.all(due.slice(start, start + AT_ONCE).map((key) => grant(context, key, signal)));
  let next: number | undefined;
  for (const { requestDueAt } of state.services.entries())
    if (requestDueAt !== null)
      next = Math.min(next ?? Number.POSITIVE_INFINITY, requestDue(requestDueAt, clock.now()));
  return next;
}

async function grant(context: OperationContext, key: ServiceKey, signal: AbortSignal): Promise<void> {
  const { clock, log, state } = context;
  try {
    const service = await state.services.get(key);
    const request = service.site?.domainWish;
    if (!request) return;
    const problem = await tryOnce(context, service, request.name, signal);
    if (signal.aborted) return;
    await state.services.commit(key, (current) => {
      if (current?.site?.domainWish?.name !== request.name) return current ?? service;
      const next =
        problem === undefined ? undefined : requestAfter(request, problem, clock.now(), clock.trusted());
      return next ? withSite(current, { domainWish: next }) : withoutRequestedDomain(current);
    });
  } catch (error) {
    log.warn({ ...logFieldsOf(key), err: error }, "an order's domain could not be checked");
  }
}

/** Returns a sentence if the domain was not added. */
async function tryOnce(
  context: OperationContext,
  { panel, id }: Service,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const caller = { panel, requestId: `requested-domain-${id}`.slice(0, 64) };
    await addDomain(context, caller, id, name, { interactive: false, signal });
    return undefined;
  } catch (error) {
    const { code, message } = asAgentError(error);
    return code === 'domain_exists' ? undefined : message;
  }
}
