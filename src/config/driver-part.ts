/**
 * What a driver says of itself to the configuration, and what follows from it for its kind: the words of the key
 * `driver`, the blocks of keys, and that the chosen driver has its block.
 */
import { Type, type TSchema } from 'typebox';
import { oneOf } from './building-blocks.js';
import type { ConfigProblem } from './error.js';
import { said, valueAt } from './schema-walk.js';

/** What must hold between keys. Looks only at the keys it needs, so that it speaks even while others are wrong. */
export type ConfigCheck = (file: unknown) => ConfigProblem[];

export const problem = (key: string, text: string): ConfigProblem[] => [{ key, problem: text }];

export interface DriverPart {
  /** What follows its name in the sentence of the key `driver`; needed once a kind has two drivers. */
  readonly does?: string;
  /** The block of its own keys, which stands under its name. Absent: it has none. */
  readonly keys?: TSchema;
  /** Beside "the chosen driver has its block", which holds for all. */
  readonly checks: readonly ConfigCheck[];
  /** Host names and addresses where the configured systems are; no customer gets them as a domain. */
  readonly hosts: (config: never) => readonly string[];
}

/** The drivers of a kind by name. */
export type Parts = Readonly<Record<string, { readonly config: DriverPart }>>;

type Blocks<R extends Parts> = {
  [K in keyof R as R[K]['config'] extends { readonly keys: TSchema } ? K : never]: R[K]['config'] extends {
    readonly keys: infer S extends TSchema;
  }
    ? S
    : never;
};

/** The blocks of all drivers of a kind, each under its driver's name. */
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

/** One sentence about all drivers of a kind. */
export function alternatives(
  drivers: Readonly<Record<string, { readonly config: { readonly does: string } }>>,
): string {
  return `${Object.entries(drivers)
    .map(([name, { config }]) => `\`${name}\` ${config.does}`)
    .join('; ')}.`;
}

/** All that must hold for the drivers of a kind, whose section is `section`. */
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
      `found nothing, expected ${listed(neededOf(keys))}, since ${section}.driver is ${chosen}`,
    );
  };
}

/** The keys that the operator must give. */
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
