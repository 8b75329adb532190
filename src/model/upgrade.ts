/**
 * Checks whether a service is within the limits of another plan, and lists what stays larger when a smaller plan is
 * applied.
 */
import { backupsUsed } from './backups.js';
import { AgentError } from '../kernel/errors.js';
import type { Guest } from './guest.js';
import type { Plan } from './plan.js';
import type { Service } from './service.js';

type Used = Pick<Service, 'plan' | 'guest' | 'site' | 'jobs'>;

/** Something of which a service has more than a plan allows: disk space in GB, or a number of backups or domains. */
export interface Excess {
  readonly what: 'disk' | 'backups' | 'domains';
  readonly has: number;
  readonly allowed: number;
}

/**
 * What the service has in excess of this plan. Disk space is listed only if the present plan's disk is larger than this
 * plan's.
 */
export function excessOver(service: Used, requested: Plan): Excess[] {
  const smallerDisk = service.guest !== null && requested.diskGb < service.plan.diskGb;
  return [
    ...(smallerDisk ? [over('disk', diskOf(service), requested.diskGb)] : []),
    over('backups', backupsUsed(service), requested.backups),
    over('domains', service.site?.domains.length ?? 0, requested.domains),
  ].filter(({ has, allowed }) => has > allowed);
}

/**
 * The excess over the service's own plan. There is an excess only if a smaller plan was applied and the service still
 * uses more than that plan allows.
 */
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

/** Explains to the panel that orders the plan which part of it is not applied. */
export function staysSentence({ what, has, allowed }: Excess, plan: string): string {
  if (what === 'disk')
    return `The disk stays at ${has} GB: the plan ${plan} has ${allowed} GB, and a disk cannot be made smaller.`;
  const few = has - allowed === 1 ? 'one is' : `${has - allowed} are`;
  const gone = what === 'backups' ? 'deleted' : 'removed';
  return `${has} ${what} remain, but the plan ${plan} allows ${allowed}: none can be added until ${few} ${gone}.`;
}

/**
 * The error for the refusal of a smaller plan, with the numbers; undefined when the service is within the plan's
 * limits.
 */
export function planProblem(service: Used, wanted: Plan): AgentError | undefined {
  const problems = excessOver(service, wanted).map(({ what, has, allowed }) =>
    what === 'disk'
      ? `its disk has ${allowed} GB, but the site's disk has ${has} GB and cannot be made smaller`
      : `it allows ${allowed} ${what}, but ${has} are ${what === 'backups' ? 'kept' : 'in use'}`,
  );
  if (problems.length === 0) return undefined;
  return new AgentError('plan_too_small', `The plan ${wanted.name} is too small: ${problems.join('; ')}.`);
}

/** The service after this plan was applied. A disk that is larger than the plan's keeps its size. */
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

/** `diskGb` null: the plan's size. */
export function withDisk({ diskGb: _, ...guest }: Guest, diskGb: number | null): Guest {
  return diskGb === null ? guest : { ...guest, diskGb };
}
