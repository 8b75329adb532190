/** Reads the installed modules together with their settings. */
import { dirname, join, resolve, sep } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { ConfigError } from '../config/error.js';
import type { JsonObject } from '../kernel/json.js';
import {
  lifecycleJob,
  type ModuleId,
  type ModuleRecord,
  type StoredSettings,
  versionOfJob,
} from '../model/module-record.js';
import { builtDeclarations, type DeclarationsCache, eitherOf } from './discovery/declarations-cache.js';
import { discover, type DiscoveredModule, readerOf } from './discovery/discover.js';
import { readLimits } from './discovery/read-module.js';
import { findModules, type FoundModule, shippedModules } from './loader.js';
import { readStrikes, type Strikes } from './strikes.js';
import { openRegistry, type Products, type Registry } from './registry.js';
import { COPIES_FOLDER } from './versions.js';

export interface Catalogue extends Registry {
  /** What the folders contain. */
  readonly discovered: readonly DiscoveredModule[];
  /** Copies in the state folder that are in use, or will be. */
  readonly copies: readonly DiscoveredModule[];
  /** Configured folders that cannot be read. */
  readonly unreadable: readonly { readonly path: string; readonly problem: string }[];
}

export interface Kept {
  /** Cache of declarations. Without a cache, every module is read whose declarations are not part of the build. */
  readonly cache?: DeclarationsCache;
  /** Shipped modules that were read earlier. If it is absent, they are read again. */
  readonly shipped?: readonly DiscoveredModule[];
  /** Record of the module code that is running. Only the daemon passes it. */
  readonly strikes?: Strikes;
  /** The records of the modules. Only the daemon passes them. */
  readonly records?: readonly ModuleRecord[];
}

export function isShippedModule({ path }: Pick<FoundModule, 'path'>): boolean {
  return path.startsWith(resolve(shippedModules()) + sep);
}

/** All modules with their states. Never rejects because of a module or folder that is not shipped with the agent. */
export async function readCatalogue(config: Config, kept: Kept = {}): Promise<Catalogue> {
  const { shipped, records = [] } = kept;
  const found: FoundModule[] = shipped ? [...shipped] : await findModules([shippedModules()]);
  const unreadable: { path: string; problem: string }[] = [];
  for (const path of config.modules.paths) {
    try {
      found.push(...(await findModules([path])));
    } catch (error) {
      unreadable.push({ path, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  found.push(...records.flatMap((record) => installedOf(config, record)));
  const discovered = await readThem(config, kept, found);
  const copies = await readThem(config, kept, neededCopies(config, records, discovered));
  return arranged(config, { discovered, copies, unreadable }, records);
}

/** The catalogue after a change of the records or of what was read. */
export function arranged(
  config: Config,
  { discovered, copies, unreadable }: Pick<Catalogue, 'discovered' | 'copies' | 'unreadable'>,
  records: readonly ModuleRecord[],
): Catalogue {
  const registry = openRegistry({
    ...{ discovered, copies, records },
    settings: config.products,
    isShipped: isShippedModule,
    hasOthers: config.modules.paths.length > 0 || records.some(({ installed }) => installed !== null),
  });
  return { ...registry, discovered, copies, unreadable };
}

/** Reads the modules with their settings, or finds their declarations in the cache. */
export async function readThem(
  config: Config,
  {
    cache,
    strikes,
    shipped: known,
    records = [],
  }: Pick<Kept, 'cache' | 'strikes' | 'shipped'> & {
    readonly records?: readonly StoredSettings[];
  },
  found: readonly FoundModule[],
): Promise<DiscoveredModule[]> {
  const struckOut = readStrikes(config.agent.state_dir);
  const problemOf = strikes?.problemOf ?? ((hash: string) => struckOut.get(hash));
  const programs = dirname(shippedModules());
  const deps = {
    ...{ reader: readerOf(programs), cache: eitherOf(builtDeclarations(programs), cache) },
    ...{ isShipped: isShippedModule, limits: readLimits(config.modules.read_timeout_s) },
    ...{ problemOf, strikes, known },
  };
  return discover(deps, found, (one) => settingsOf(config, records, one));
}

/** The settings of the configuration and of the API. Those of the configuration have precedence. */
export function settingsOf(
  config: Config,
  records: readonly StoredSettings[],
  { type, name }: ModuleId,
): JsonObject {
  const record = records.find((one) => one.type === type && one.name === name);
  return { ...record?.settings, ...fileSettings(config, { type, name }) };
}

export function fileSettings({ products }: Config, { type, name }: ModuleId): JsonObject {
  return type === 'product' && Object.hasOwn(products, name) ? (products[name] ?? {}) : {};
}

/** The copy of this version in the state folder. */
export function copyOf(config: Config, { type, name }: ModuleId, hash: string): FoundModule {
  const path = join(config.agent.state_dir, COPIES_FOLDER, type, name, hash, 'module.js');
  return { type: type as FoundModule['type'], name, path, isCopy: true };
}

function installedOf(config: Config, record: ModuleRecord): FoundModule[] {
  const hash = record.installed?.hash;
  if (typeof hash !== 'string') return [];
  const { type, name, path } = copyOf(config, record, hash);
  return [{ type, name, path }];
}

function neededCopies(
  config: Config,
  records: readonly ModuleRecord[],
  discovered: readonly DiscoveredModule[],
): FoundModule[] {
  return records.flatMap((record) => {
    const found = discovered.find((one) => one.type === record.type && one.name === record.name);
    if (found && isShippedModule(found)) return [];
    const job = lifecycleJob(record);
    const wanted = [record.state === 'active' ? record.active : null, job ? versionOfJob(job) : null];
    const hashes = new Set(wanted.flatMap((one) => one?.hash ?? []));
    if (found?.hash) hashes.delete(found.hash);
    return [...hashes].map((hash) => copyOf(config, record, hash));
  });
}

/**
 * Like `readCatalogue`, but also logs all problems. Throws ConfigError when a setting of a shipped module is wrong. A
 * wrong setting of another module is only logged, because that module's schema may be the mistake.
 */
export async function openCatalogue(
  config: Config,
  configFile: string,
  log: Logger,
  kept: Kept = {},
): Promise<Catalogue> {
  const catalogue = await readCatalogue(config, kept);
  logProblems(catalogue, log);
  const { fatal, problems } = catalogue;
  if (fatal.length > 0) throw new ConfigError(configFile, [...fatal, ...problems]);
  return catalogue;
}

export function logProblems(catalogue: Catalogue, log: Logger): void {
  for (const { path, problem } of catalogue.unreadable)
    log.error({ path, problem }, 'a module folder cannot be read');
  for (const { path, type, name, state, reason } of catalogue.modules)
    if (state === 'error' || state === 'missing')
      log.error({ path, module: `${type}/${name}`, problem: reason }, 'a module cannot be used');
}

/** A module that cannot be used. */
export interface BrokenPart {
  readonly name: string;
  /** The module's folder; null if the problem is in the configuration. */
  readonly path: string | null;
  readonly problem: string;
}

export interface Survey {
  /** The products that can be used with their settings. */
  readonly products: Products;
  readonly broken: readonly BrokenPart[];
}

/** Lists all problems of the modules. For callers that must not fail at the first problem. */
export async function surveyCatalogue(config: Config): Promise<Survey> {
  const { products, modules, unreadable, fatal, problems } = await readCatalogue(config);
  const settings = [...fatal, ...problems].map(({ key, problem }) => ({
    name: nameIn(key),
    path: null,
    problem: `${key}: ${problem}`,
  }));
  const code = modules
    .filter(({ state, name }) => state === 'error' && !settings.some((one) => one.name === name))
    .map(({ name, path, reason }) => ({ name, path, problem: reason ?? '' }));
  const folders = unreadable.map(({ path, problem }) => ({ name: 'modules.paths', path, problem }));
  return { products, broken: [...folders, ...code, ...settings] };
}

/** `products.<name>.<setting>` */
const nameIn = (key: string): string => key.split('.')[1] ?? key;
