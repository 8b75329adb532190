/**
 * Repairs drift where a repair is safe. All repairs of a service are made by one job, so that they never run at the
 * same time as other jobs of the service and are recorded.
 */
import { asAgentError } from '../kernel/errors.js';
import type { Finding } from './drift.js';
import type { ServiceKey } from '../model/service.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from '../services/context.js';
import { enqueue } from '../services/enqueue.js';

/** The parts that a job of the kind `repair` can repair. */
export const REPAIRABLE = ['power', 'resources', 'ha', 'dns', 'proxy'] as const;

export interface Repair {
  readonly key: ServiceKey;
  readonly parts: readonly string[];
  readonly jobId: string | null;
  /** Why no job was started. */
  readonly problem: string | null;
}

/**
 * Maximum number of services that are repaired after one comparison, because a large number of repairs at once would
 * itself be a problem. The remaining repairs follow after the next comparison.
 */
const MOST_AT_ONCE = 50;

export async function repairDrift(
  context: OperationContext,
  caller: Pick<Caller, 'requestId'>,
  findings: readonly Finding[],
): Promise<Repair[]> {
  const repairs: Repair[] = [];
  for (const [key, parts] of [...safeParts(findings)].slice(0, MOST_AT_ONCE)) {
    const [panel = '', id = ''] = key.split('/');
    try {
      const { job } = await enqueue(context, { panel, requestId: caller.requestId }, id, {
        method: 'repair',
        args: { parts },
        tags: ['repair'],
      });
      context.log.warn({ job_id: job.id, service_id: id, panel, parts }, 'repairing drift');
      repairs.push({ key, parts, jobId: job.id, problem: null });
    } catch (error) {
      repairs.push({ key, parts, jobId: null, problem: asAgentError(error).message });
    }
  }
  return repairs;
}

/**
 * The differences to repair, by service. A service with a difference that an operator must decide on (a foreign
 * container, a lost mark, a lock) is left out completely.
 */
function safeParts(findings: readonly Finding[]): Map<ServiceKey, string[]> {
  const unclear = new Set(
    findings.filter(({ part }) => ['container', 'mark', 'lock'].includes(part)).map(({ key }) => key),
  );
  const parts = new Map<ServiceKey, string[]>();
  for (const { key, part, safe } of findings) {
    if (!safe || unclear.has(key) || !REPAIRABLE.some((name) => name === part)) continue;
    const known = parts.get(key) ?? [];
    if (!known.includes(part)) parts.set(key, [...known, part]);
  }
  return parts;
}
