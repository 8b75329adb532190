/**
 * The part of the configuration that a driver defines. From the parts of all drivers of a kind, this file derives the
 * values of the key `driver`, the sections of the drivers, and the check that the chosen driver has its section.
 */
import { Type, type TSchema } from 'typebox';
import { oneOf } from './building-blocks.js';
import type { ConfigProblem } from './error.js';
import { said, valueAt } from './schema-walk.js';

/**
 * Checks a rule that several keys must fulfill together. A check reads only the keys that it needs, so it also works
 * while other keys are invalid.
 */
export type ConfigCheck = (file: unknown) => ConfigProblem[];

export const problem = (key: string, text: string): ConfigProblem[] => [{ key, problem: text }];

export interface DriverPart {
  /**
   * The text that follows the driver's name in the description of the config key `driver`. Required when a kind has two
   * or more drivers.
   */
  readonly does?: string;
  /**
   * The schema of the section with the driver's own keys, which has the driver's name. If the schema is absent, the
   * driver has no keys.
   */
  readonly keys?: TSchema;
  /** Additional checks for this driver. All drivers share the check that the chosen driver has its section. */
  readonly checks: readonly ConfigCheck[];
  /** Host names and addresses of the configured systems. Customers cannot add them as domains. */
  readonly hosts: (config: never) => readonly string[];
}

/** The drivers of a kind, by name. */
export type Parts = Readonly<Record<string, { readonly config: DriverPart }>>;

type Blocks<R extends Parts> = {
  [K in keyof R as R[K]['config'] extends { readonly keys: TSchema } ? K : never]: R[K]['config'] extends {
    readonly keys: infer S extends TSchema;
  }
    ? S
    : never;
};

/** The sections of all drivers of a kind, each under its driver's name. */
export function blocksOf<R extends Parts>(drivers: R): Blocks<R> {
  const blocks = Object.entries(drivers).flatMap(([name, { config }]) =>
    config.keys ? [[name, config.keys] as const] : [],
  );
  return Object.fromEntries(blocks) as Blocks<R>;
}

/** The key that chooses a driver of the kind. */
export function driverKey<R extends Parts>(
  description: string,
  drivers: R,
  options: { readonly default?: keyof R & string } = {},
) {
  return Type.Unsafe<keyof R & string>(oneOf(description, Object.keys(drivers), options));
}

/** One sentence that describes all drivers of a kind. */
export function alternatives(
  drivers: Readonly<Record<string, { readonly config: { readonly does: string } }>>,
): string {
  return `${Object.entries(drivers)
    .map(([name, { config }]) => `\`${name}\` ${config.does}`)
    .join('; ')}.`;
}

/** All checks for the drivers of a kind; `section` is the kind's section of the file. */
export function driverChecks(section: string, drivers: Parts): readonly ConfigCheck[] {
  return [hasItsBlock(section, drivers), ...Object.values(drivers).flatMap(({ config }) => config.checks)];
}

function hasItsBlock(section: string, drivers: Parts): ConfigCheck {
  return (file) => {
    const chosen = valueAt(file, [section, 'driver']);
    if (typeof chosen !== 'string' || !Object.hasOwn(drivers, chosen)) return [];
    const keys = drivers[chosen]?.config.keys;
    if (!keys || !Type.IsOptional(keys) || valueAt(file, [section, chosen]) !== undefined) return [];
    return problem(
      `${section}.${chosen}`,
      `found nothing, expected ${listed(neededOf(keys))}, because ${section}.driver is ${chosen}`,
    );
  };
}

/** The keys that the operator must set. */
function neededOf(block: TSchema): string[] {
  if (!Type.IsObject(block)) return [];
  return Object.entries(block.properties)
    .filter(([, key]) => !Type.IsOptional(key) && said(key, 'default') === undefined)
    .map(([name]) => name);
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? 'its keys';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
