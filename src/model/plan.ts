/** What a customer can buy, in the units Proxmox uses. */
import type { ChosenOptions, PlanOption } from './plan-option.js';

export interface Plan {
  /** Lower-case key, unique. */
  readonly name: string;
  /** Other words panels send for it, e.g. "WordPress Basic"; matched without regard to case. */
  readonly aliases: readonly string[];
  /** MiB. */
  readonly memoryMb: number;
  /** MiB. */
  readonly swapMb: number;
  /** GiB. */
  readonly diskGb: number;
  readonly cores: number;
  /** How many custom domains (an apex and its www are one). */
  readonly domains: number;
  /** How many backups. */
  readonly backups: number;
  /** What an order may set; only of plans on sale. */
  readonly options?: readonly PlanOption[];
  /** What the order has set: the fields above have these values already. Only of sold plans. */
  readonly chosen?: ChosenOptions;
}

/** How a plan that is smaller than what is in use is handled. */
export const SMALLER_PLAN = ['apply', 'refuse'] as const;
export type SmallerPlan = (typeof SMALLER_PLAN)[number];

/** The fields that are sold. */
const VALUES = ['memoryMb', 'swapMb', 'diskGb', 'cores', 'domains', 'backups'] as const;

/** True when the two are the same product with the same values, whatever words lead to them. */
export function sameValues(a: Plan, b: Plan): boolean {
  return a.name === b.name && VALUES.every((field) => a[field] === b[field]);
}

const fold = (text: string): string => text.trim().replace(/\s+/g, ' ').toLowerCase();

/** The plan of this name or alias, without regard to case. */
export function findPlan(plans: readonly Plan[], wanted: string): Plan | undefined {
  const key = fold(wanted);
  return plans.find((plan) => fold(plan.name) === key || plan.aliases.some((alias) => fold(alias) === key));
}
