/** A field of a plan that an order may set, and its bounds. */

/** Maps the name of an option in orders and in the configuration to the field of the plan that it sets. */
export const OPTION_FIELDS = {
  memory_mb: 'memoryMb',
  swap_mb: 'swapMb',
  disk_gb: 'diskGb',
  cores: 'cores',
  domains: 'domains',
  backups: 'backups',
} as const;

export type OptionName = keyof typeof OPTION_FIELDS;

export const OPTION_NAMES: readonly OptionName[] = Object.keys(OPTION_FIELDS).filter(isOptionName);

function isOptionName(text: string): text is OptionName {
  return Object.hasOwn(OPTION_FIELDS, text);
}

export interface PlanOption {
  readonly name: OptionName;
  readonly min: number;
  readonly max: number;
  /** Steps are counted from the plan's own value. */
  readonly step: number;
}

/** The value of each chosen option. The option's name contains the unit. */
export type ChosenOptions = Readonly<Partial<Record<OptionName, number>>>;
