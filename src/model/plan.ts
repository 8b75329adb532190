/** A plan that a customer can buy, in the units that Proxmox uses. */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../kernel/json.js';
import type { ChosenOptions, PlanOption } from './plan-option.js';

export interface Plan {
  /** Lower-case key, unique. */
  readonly name: string;
  /** Other names that panels send for this plan, for example "WordPress Basic"; case-insensitive. */
  readonly aliases: readonly string[];
  /** The product module that the plan belongs to. If it is absent, the plan can be ordered with every product. */
  readonly module?: string;
  /** MiB. This and the other sizes of the container are 0 if the product has no container. */
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
  /** Names of the pools of the container's addresses. Absent: all pools without `plans_only`. */
  readonly pools?: readonly string[];
  /** Name of the group of nodes on which the containers are placed. Absent: every node. */
  readonly location?: string;
  /** The group of servers on which the product creates accounts. If it is absent, the group is `default`. */
  readonly serverGroup?: string;
  /** The product data, in the form that the module declares with `productData`. */
  readonly data?: JsonObject;
  /** Options that an order may set; only on plans that are for sale. */
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
  const sameSizes = a.name === b.name && VALUES.every((field) => a[field] === b[field]);
  return sameSizes && a.serverGroup === b.serverGroup && isDeepStrictEqual(a.data ?? {}, b.data ?? {});
}

/** A name or alias of a plan in the form in which such words are compared. */
export function foldedWord(text: string): string {
  return text.trim().replace(/\s+/g, ' ').toLowerCase();
}

/** The names by which panels may order the plan, in the form in which they are compared. */
export function wordsOf({ name, aliases }: Pick<Plan, 'name' | 'aliases'>): string[] {
  return [name, ...aliases].map(foldedWord);
}

/** The plan with this name or alias, case-insensitive. */
export function findPlan(plans: readonly Plan[], wanted: string): Plan | undefined {
  const key = foldedWord(wanted);
  return plans.find((plan) => wordsOf(plan).includes(key));
}
