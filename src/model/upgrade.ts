/** How a service fits into another plan, and what stays larger when a smaller one is applied. */
import { backupsUsed } from './backups.js';
import { AgentError } from '../kernel/errors.js';
import type { Guest } from './guest.js';
import type { Plan } from './plan.js';
import type { Service } from './service.js';

type Used = Pick<Service, 'plan' | 'guest' | 'site' | 'jobs'>;

/** A disk in GB, or a number of backups or domains: what the service has, and what the plan has. */
export interface Excess {
  readonly what: 'disk' | 'backups' | 'domains';
  readonly has: number;
  readonly allowed: number;
}

/**
 * What of the service is larger than in this plan. A disk counts only when the plan it was sold with had a larger
 * one.
 */
export function excessOver(service: Used, requested: Plan): Excess[] {
  const smallerDisk = service.guest !== null && requested.diskGb < service.plan.diskGb;
  return [
    ...(smallerDisk ? [over('disk', diskOf(service), requested.diskGb)] : []),
    over('backups', backupsUsed(service), requested.backups),
    over('domains', service.site?.domains.length ?? 0, requested.domains),
  ].filter(({ has, allowed }) => has > allowed);
}

/** The same against the plan that the service has: an applied smaller plan, and it does not fit yet. */
export function excessNow(service: Used): Excess[] {
  return [over('disk', diskOf(service), service.plan.diskGb), ...excessOver(service, service.plan)].filter(
    ({ has, allowed }) => has > allowed,
  );
}

const over = (what: Excess['what'], has: number, allowed: number): Excess => ({ what, has, allowed });

/** GB. */
function diskOf({ plan, guest }: Pick<Service, 'plan' | 'guest'>): number {
  return guest === null ? 0 : Math.max(plan.diskGb, guest.diskGb ?? 0);
}

/** For the panel that orders the plan: what of it is not applied. */
export function staysSentence({ what, has, allowed }: Excess, plan: string): string {
  if (what === 'disk')
    return `The disk stays at ${has} GB: the plan ${plan} has ${allowed} GB, and a disk cannot shrink.`;
  const few = has - allowed === 1 ? 'one is' : `${has - allowed} are`;
  const gone = what === 'backups' ? 'deleted' : 'removed';
  return `${has} ${what} stay, and the plan ${plan} allows ${allowed}: none can be added until ${few} ${gone}.`;
}

/** Why a smaller plan is refused, with the figures; undefined when the service fits. */
export function planProblem(service: Used, wanted: Plan): AgentError | undefined {
  const problems = excessOver(service, wanted).map(({ what, has, allowed }) =>
    what === 'disk'
      ? `its disk has ${allowed} GB, the site's has ${has} GB and cannot shrink`
      : `it allows ${allowed} ${what}, ${has} are ${what === 'backups' ? 'kept' : 'in use'}`,
  );
  if (problems.length === 0) return undefined;
  return new AgentError('plan_too_small', `The plan ${wanted.name} is too small: ${problems.join('; ')}.`);
}

/** The service with this plan, once it is applied: the disk is what it was, when that is larger. */
export function withPlan(service: Service, plan: Plan, now: string): Service {
  const had = diskOf(service);
  const next = {
    ...service,
    plan,
    guest: service.guest && withDisk(service.guest, had > plan.diskGb ? had : null),
  };
  const { smallerPlanAt: _, ...rest } = next;
  return excessNow(next).length > 0 ? { ...rest, smallerPlanAt: now } : rest;
}

/** `diskGb` null: the plan's. */
export function withDisk({ diskGb: _, ...guest }: Guest, diskGb: number | null): Guest {
  return diskGb === null ? guest : { ...guest, diskGb };
}
