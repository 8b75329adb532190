/** A plan that a customer can buy, in the units that Proxmox uses. */
import type { ChosenOptions, PlanOption } from './plan-option.js';

export interface Plan {
  /** Lower-case key, unique. */
  readonly name: string;
  /** Other names that panels send for this plan, for example "WordPress Basic"; case-insensitive. */
  readonly aliases: readonly string[];
  /** MiB. */
  readonly memoryMb: number;
  /** MiB. */
  readonly swapMb: number;
  /** GiB. */
  readonly diskGb: number;
  readonly cores: number;
  /** Maximum number of custom domains (an apex and its www count as one). */
  readonly domains: number;
  /** Maximum number of backups. */
  readonly backups: number;
  /** Options that an order may set; only on plans in the configuration. */
  readonly options?: readonly PlanOption[];
  /** Options that the order has set; the fields above already have these values. Only on sold plans. */
  readonly chosen?: ChosenOptions;
}

/** What happens when an ordered plan is smaller than the present usage. */
export const SMALLER_PLAN = ['apply', 'refuse'] as const;
export type SmallerPlan = (typeof SMALLER_PLAN)[number];

/** The fields that determine what a customer gets with a plan. */
const VALUES = ['memoryMb', 'swapMb', 'diskGb', 'cores', 'domains', 'backups'] as const;

/** True when both have the same name and the same values; aliases do not matter. */
export function sameValues(a: Plan, b: Plan): boolean {
  return a.name === b.name && VALUES.every((field) => a[field] === b[field]);
}

const fold = (text: string): string => text.trim().replace(/\s+/g, ' ').toLowerCase();

/** The plan with this name or alias, case-insensitive. */
export function findPlan(plans: readonly Plan[], wanted: string): Plan | undefined {
  const key = fold(wanted);
  return plans.find((plan) => fold(plan.name) === key || plan.aliases.some((alias) => fold(alias) === key));
}
