/** Whether a service fits into another plan. */
import { backupsUsed } from './backups.js';
import { AgentError } from '../kernel/errors.js';
import type { Plan } from './plan.js';
import type { Service } from './service.js';

/** Why not, with the figures; undefined when it fits. A disk never shrinks, and a quota never falls under what is in use. */
export function planProblem(
  service: Pick<Service, 'plan' | 'guest' | 'site' | 'jobs'>,
  wished: Plan,
): AgentError | undefined {
  const backups = backupsUsed(service);
  const domains = service.site?.domains.length ?? 0;
  const problems = [
    service.guest !== null &&
      wished.diskGb < service.plan.diskGb &&
      `its disk has ${wished.diskGb} GB, the site's has ${service.plan.diskGb} GB and cannot shrink`,
    wished.backups < backups && `it allows ${wished.backups} backups, ${backups} are kept`,
    wished.domains < domains && `it allows ${wished.domains} domains, ${domains} are in use`,
  ].filter((problem) => problem !== false);
  if (problems.length === 0) return undefined;
  return new AgentError('plan_too_small', `The plan ${wished.name} is too small: ${problems.join('; ')}.`);
}
