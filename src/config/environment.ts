/**
 * Overrides from the environment: `INNKEEPER_API__PORT=8081` sets `api.port`. Values are parsed as YAML, except the
 * values of text keys, which are used unchanged.
 */
import { Type, type TSchema } from 'typebox';
import type { ConfigProblem } from './error.js';
import { childSchema, isMapping, isSecretSchema, type KeyPath, type Mapping } from './schema-walk.js';
import { parseYaml, UnreadableFileError } from './yaml-file.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'INNKEEPER_';
/** Variables for the command line and the sandbox; they are not keys of the configuration. */
const RESERVED = ['INNKEEPER_CONFIG', 'INNKEEPER_SOCKET', 'INNKEEPER_SANDBOX_CACHE', 'INNKEEPER_BOOT_ID'];

export interface Overridden {
  /** Maps a key, for example `api.port`, to the variable that set it. */
  readonly sources: ReadonlyMap<string, string>;
  readonly problems: readonly ConfigProblem[];
  /** Variables that look like overrides but do not correspond to any key. */
  readonly unknown: readonly string[];
}

/** Changes `config` in place. */
export function override(config: Mapping, schema: TSchema, env: Environment): Overridden {
  const sources = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  const unknown: string[] = [];
  for (const [variable, text] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (text === undefined || !variable.startsWith(PREFIX) || RESERVED.includes(variable)) continue;
    const path = variable.slice(PREFIX.length).toLowerCase().split('__');
    const target = schemaAt(schema, path);
    if (!target) {
      unknown.push(variable);
      continue;
    }
    try {
      put(config, schema, path, valueOf(target, text));
      sources.set(path.join('.'), variable);
    } catch (error) {
      if (!(error instanceof UnreadableFileError)) throw error;
      problems.push({ key: path.join('.'), problem: `${error.message} (from ${variable})` });
    }
  }
  return { sources, problems, unknown };
}

function schemaAt(schema: TSchema, path: KeyPath): TSchema | undefined {
  return path.reduce<TSchema | undefined>((at, name) => at && childSchema(at, name), schema);
}

function valueOf(schema: TSchema, text: string): unknown {
  if (Type.IsString(schema)) return text === '' ? undefined : text;
  const value = text.trim() === '' ? undefined : parseYaml(text);
  return value === null ? undefined : value;
}

function put(config: Mapping, schema: TSchema, path: KeyPath, value: unknown): void {
  const [name = '', ...rest] = path;
  const child = childSchema(schema, name);
  if (rest.length === 0 || !child) {
    if (value === undefined) Reflect.deleteProperty(config, name);
    else config[name] = value;
    return;
  }
  const inner = config[name];
  // The source of a secret is not merged with the source in the file, but replaces it.
  const next: Mapping = isMapping(inner) && !isSecretSchema(child) ? inner : {};
  if (Array.isArray(inner))
    throw new UnreadableFileError(
      'found a variable for one entry of a list, expected a variable with the complete list',
    );
  config[name] = next;
  put(next, child, rest, value);
}
