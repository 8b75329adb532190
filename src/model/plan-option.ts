/** A field of a plan that an order may set, and its bounds. */
import type { JsonObject } from '../kernel/json.js';

/**
 * Maps the name of an option in orders and in the configuration to the field of the plan that it sets. Any other name
 * refers to a number in the plan's product data.
 */
export const OPTION_FIELDS = {
  memory_mb: 'memoryMb',
  swap_mb: 'swapMb',
  disk_gb: 'diskGb',
  cores: 'cores',
  domains: 'domains',
  backups: 'backups',
} as const;

/** An option that every plan may have. */
export type CommonOption = keyof typeof OPTION_FIELDS;

export const OPTION_NAMES: readonly CommonOption[] = Object.keys(OPTION_FIELDS).filter(isCommonOption);

export function isCommonOption(text: string): text is CommonOption {
  return Object.hasOwn(OPTION_FIELDS, text);
}

export interface PlanOption {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Steps are counted from the plan's own value. */
  readonly step: number;
}

/** The value of each chosen option. The option's name contains the unit. */
export type ChosenOptions = Readonly<Record<string, number>>;

/** The part of a plan that options can set. */
type OptionValues = Readonly<Record<(typeof OPTION_FIELDS)[CommonOption], number>> & {
  readonly data?: JsonObject;
};

/** The plan's own value of an option; undefined if the plan has no such number. */
export function ownValue(plan: OptionValues, name: string): number | undefined {
  if (isCommonOption(name)) return plan[OPTION_FIELDS[name]];
  const value = plan.data && Object.hasOwn(plan.data, name) ? plan.data[name] : undefined;
  return typeof value === 'number' ? value : undefined;
}
