/**
 * Loads the configuration: file, environment and secrets. Everything is checked together, and one message lists every
 * problem. The only exception is a private key that does not match its certificate, which is reported only after all
 * other problems are fixed.
 */
import { dirname, resolve } from 'node:path';
import { type TSchema } from 'typebox';
import { lazyCheck } from '../kernel/lazy-check.js';
import { Value } from 'typebox/value';
import { Secret } from '../kernel/secret.js';
import { problemsOf } from './check.js';
import type { Config } from './config.js';
import { crossProblems } from './cross-checks.js';
import { override, type Environment, type Overridden } from './environment.js';
import { ConfigError, type ConfigProblem } from './error.js';
import { readPlans } from './plans-file.js';
import { resolveConfig } from './resolve.js';
import { ConfigSchema } from './schema.js';
import { isMapping, isSecretSchema, type Place, places, said, valueAt } from './schema-walk.js';
import {
  assertCertificates,
  assertPair,
  assertPrivate,
  assertReadable,
  readSecret,
  UnreadableSecretError,
  type ReadingFrom,
} from './secrets.js';
import { readYaml, UnreadableFileError } from './yaml-file.js';

export { ConfigError } from './error.js';

export interface LoadOptions {
  /** The path from `--config`. Default: INNKEEPER_CONFIG, else /etc/innkeeper/innkeeper.yaml. */
  readonly file?: string | undefined;
  /** Default: the environment of the process. */
  readonly env?: Environment;
  /** Credentials by name, used if $CREDENTIALS_DIRECTORY is not set. */
  readonly credentials?: ReadonlyMap<string, string>;
  /** Receives warnings about settings that work but are unwise. */
  readonly warn?: (message: string) => void;
}

const check = lazyCheck(ConfigSchema);

export function configFileOf(file: string | undefined, env: Environment = process.env): string {
  return resolve(file ?? (env['INNKEEPER_CONFIG'] || '/etc/innkeeper/innkeeper.yaml'));
}

/** Throws ConfigError. */
export async function loadConfig(options: LoadOptions = {}): Promise<Config> {
  const env = options.env ?? process.env;
  const file = configFileOf(options.file, env);
  const { credentials, warn = () => undefined } = options;
  const from: ReadingFrom = { folder: dirname(file), env, warn, ...(credentials ? { credentials } : {}) };
  const content = await contentOf(file);
  const overridden = override(content, ConfigSchema, env);
  const value: unknown = Value.Default(ConfigSchema, content);
  const structure = problemsOf(ConfigSchema, value);
  const wrong = new Set(structure.map(({ key }) => key));
  const read = await readOutside(ConfigSchema, value, wrong, from);
  const plans = await readPlans(value);
  const problems = [
    ...overridden.problems,
    ...unknownVariables(overridden, read.variables),
    ...structure,
    ...read.problems,
    ...crossProblems(value),
    ...plans.problems,
  ];
  if (problems.length > 0)
    throw new ConfigError(
      file,
      problems.map((each) => withSource(each, overridden)),
    );
  if (!check.Check(value)) throw new Error('the configuration does not match its schema');
  const config = resolveConfig(value, { secrets: read.secrets, plans: plans.plans });
  const unfit = await unfitPairs(value);
  if (unfit.length > 0) throw new ConfigError(file, unfit);
  if (!config.api.tls && !/^(127\.|::1$)/.test(config.api.host))
    from.warn(`api.host is ${config.api.host} without api.tls: tokens are sent unencrypted`);
  return config;
}

/**
 * Reports private keys that do not match their certificates. Only pairs whose two files are valid on their own are
 * checked.
 */
async function unfitPairs(file: unknown): Promise<ConfigProblem[]> {
  const found = [...places(ConfigSchema, file)].map(async ({ path, schema, value }) => {
    const beside = said(schema, 'keyOf');
    if (typeof beside !== 'string') return [];
    const certificate = valueAt(file, [...path.slice(0, -1), beside]);
    try {
      await assertPair(String(certificate), String(value));
      return [];
    } catch (error) {
      if (error instanceof UnreadableSecretError) return [{ key: path.join('.'), problem: error.message }];
      throw error;
    }
  });
  return (await Promise.all(found)).flat();
}

async function contentOf(file: string): Promise<Record<string, unknown>> {
  try {
    const content = await readYaml(file);
    if (isMapping(content)) return content;
  } catch (error) {
    if (!(error instanceof UnreadableFileError)) throw error;
    throw new ConfigError(file, [{ key: '', problem: error.message }]);
  }
  throw new ConfigError(file, [{ key: '', problem: 'found no keys, expected keys with values' }]);
}

interface Outside {
  readonly secrets: Map<string, Secret>;
  readonly problems: ConfigProblem[];
  /** The environment variables that contain secrets. */
  readonly variables: Set<string>;
}

/** Makes paths absolute, reads the secrets, and checks that the files that the agent will read exist. */
async function readOutside(
  schema: TSchema,
  value: unknown,
  wrong: ReadonlySet<string>,
  from: ReadingFrom,
): Promise<Outside> {
  const outside: Outside = { secrets: new Map(), problems: [], variables: new Set() };
  for (const place of places(schema, value)) {
    const key = place.path.join('.');
    if (wrong.has(key)) continue;
    try {
      if (isSecretSchema(place.schema)) await takeSecret(outside, key, place, from);
      if (said(place.schema, 'isPath') === true && typeof place.value === 'string') {
        const path = resolve(from.folder, place.value);
        place.set(path);
        const reads = said(place.schema, 'reads');
        if (reads !== 'nothing') await assertReadable(path);
        if (reads === 'private file') await assertPrivate(path, from.warn);
        if (reads === 'certificates') await assertCertificates(path);
      }
    } catch (error) {
      if (!(error instanceof UnreadableSecretError)) throw error;
      outside.problems.push({ key, problem: error.message });
    }
  }
  return outside;
}

async function takeSecret(
  outside: Outside,
  key: string,
  { schema, value }: Place,
  from: ReadingFrom,
): Promise<void> {
  if (!isMapping(value)) return;
  const source = Object.fromEntries(
    Object.entries(value).flatMap(([form, text]) => (typeof text === 'string' ? [[form, text]] : [])),
  );
  if (source['env'] !== undefined) outside.variables.add(source['env']);
  const secret = await readSecret(source, from);
  const problemOf = said(schema, 'problem') as ((text: string) => string | undefined) | undefined;
  const problem = problemOf?.(secret.reveal());
  if (problem !== undefined) outside.problems.push({ key, problem });
  outside.secrets.set(key, secret);
}

function unknownVariables({ unknown }: Overridden, used: ReadonlySet<string>): ConfigProblem[] {
  return unknown
    .filter((variable) => !used.has(variable))
    .map((variable) => ({
      key: variable,
      problem:
        'found an environment variable that matches no key, expected a name such as INNKEEPER_API__PORT',
    }));
}

/** For a wrong value from the environment, the message names the variable instead of the file. */
function withSource(problem: ConfigProblem, { sources }: Overridden): ConfigProblem {
  for (const [key, variable] of sources)
    if (problem.key === key || problem.key.startsWith(`${key}.`))
      return { key: problem.key, problem: `${problem.problem} (from ${variable})` };
  return problem;
}
