/**
 * Removes orphans: objects with the agent's mark that no longer belong to a service. An object is removed only if the
 * request names it, a new comparison finds it again, and there is no doubt about it.
 */
import { asAgentError } from '../kernel/errors.js';
import { isOpen } from '../model/job.js';
import { type Orphan, refusal } from './orphans.js';
import { type DriverCall, plainCall } from '../drivers/shared/call.js';
import { withLimit } from '../kernel/async/with-limit.js';
import type { OperationContext } from '../services/context.js';
import { detectDrift } from './detect-drift.js';
import { SITE_RECORD_TYPES, type SiteRecordType } from '../drivers/dns/contract.js';

export interface Removal {
  readonly what: string;
  /** Why the object was not removed; null if it was removed. */
  readonly problem: string | null;
}

const REMOVAL_MS = 600_000;

/** Removes the named objects. If `unknown` is true, objects whose service has no record are removed too. */
export async function removeOrphans(
  context: OperationContext,
  ids: readonly string[],
  request: { readonly unknown: boolean },
  stop: AbortSignal,
): Promise<Removal[]> {
  if (ids.length === 0) return [];
  const { orphans } = await detectDrift(context, stop);
  const removals: Removal[] = [];
  for (const id of ids) {
    const orphan = orphans.find((one) => one.id === id);
    const problem = orphan ? refusal(orphan, request) : 'it no longer exists, or belongs to a service';
    const late = orphan && problem === null ? await nowNeeded(context, orphan).catch(reasonOf) : null;
    removals.push({
      what: orphan?.what ?? id,
      problem: problem ?? late ?? (await remove(context, orphan, stop)),
    });
  }
  return removals;
}

/**
 * Checks whether the object is needed now. The comparison may be minutes old, and an order may have created a service
 * with the same mark in the meantime.
 */
async function nowNeeded({ state }: OperationContext, { mark, why }: Orphan): Promise<string | null> {
  const service = await state.services.find(`${mark.panel}/${mark.service}`);
  const ended = service?.lifecycle === 'terminated' || service?.lifecycle === 'failed';
  const idle = service !== undefined && ended && !service.jobs.some(isOpen);
  if (why === 'unknown' ? service === undefined : idle || (service?.generation ?? 0) > mark.generation)
    return null;
  return 'its service was ordered again in the meantime';
}

/** Removes the object. The driver checks the mark once more before it removes anything. */
async function remove(
  { drivers, log }: OperationContext,
  orphan: Orphan | undefined,
  stop: AbortSignal,
): Promise<string | null> {
  if (!orphan) return 'it no longer exists';
  const { kind, mark, vmid, record, what } = orphan;
  const act = async (call: DriverCall): Promise<void> => {
    if (kind === 'container' && vmid !== null) await drivers.guest.removeContainer({ vmid, mark }, call);
    if (kind === 'ha' && vmid !== null) await drivers.guest.removeHa({ vmid, mark }, call);
    if (kind === 'dns' && record && isOurType(record.type))
      await drivers.dns.removeRecord({ name: record.name, type: record.type, mark }, call);
    if (kind === 'proxy') await drivers.proxy.removeHost(mark, call);
  };
  try {
    await withLimit(stop, REMOVAL_MS, (signal) => act(plainCall(signal)));
    log.warn({ decision: 'remove-orphan', orphan: what, mark }, 'an orphan was removed');
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error: unknown): string {
  const { message, detail } = asAgentError(error);
  return detail === undefined ? message : `${message} (${detail})`;
}

function isOurType(type: string): type is SiteRecordType {
  return SITE_RECORD_TYPES.some((known) => known === type);
}
