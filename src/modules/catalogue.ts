/** Reads the installed modules together with their settings in the configuration. */
import { dirname, resolve, sep } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { ConfigError } from '../config/error.js';
import { builtDeclarations, type DeclarationsCache, eitherOf } from './discovery/declarations-cache.js';
import { discover, type DiscoveredModule, readerOf } from './discovery/discover.js';
import { readLimits } from './discovery/read-module.js';
import { findModules, type FoundModule, shippedModules } from './loader.js';
import { readStrikes, type Strikes } from './strikes.js';
import { openRegistry, type Products, type Registry } from './registry.js';

export interface Catalogue extends Registry {
  readonly shipped: readonly DiscoveredModule[];
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
}

/** All modules with their states. Never rejects because of a module or folder that is not shipped with the agent. */
export async function readCatalogue(config: Config, kept: Kept = {}): Promise<Catalogue> {
  const { cache, strikes, shipped: known } = kept;
  const shipped = shippedModules();
  const found: FoundModule[] = known ? [...known] : await findModules([shipped]);
  const unreadable: { path: string; problem: string }[] = [];
  for (const path of config.modules.paths) {
    try {
      found.push(...(await findModules([path])));
    } catch (error) {
      unreadable.push({ path, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  const isShipped = ({ path }: FoundModule): boolean => path.startsWith(resolve(shipped) + sep);
  const limits = readLimits(config.modules.read_timeout_s);
  const struckOut = readStrikes(config.agent.state_dir);
  const problemOf = strikes?.problemOf ?? ((hash: string) => struckOut.get(hash));
  const programs = dirname(shipped);
  const deps = {
    ...{ reader: readerOf(programs), cache: eitherOf(builtDeclarations(programs), cache) },
    ...{ isShipped, limits, problemOf, strikes, known },
  };
  const discovered = await discover(deps, found, config.products);
  const registry = openRegistry({
    discovered,
    settings: config.products,
    isShipped,
    hasOthers: config.modules.paths.length > 0,
  });
  return { ...registry, shipped: discovered.filter(isShipped), unreadable };
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
    if (state !== 'active')
      log[state === 'inactive' ? 'warn' : 'error'](
        { path, module: `${type}/${name}`, problem: reason },
        'a module cannot be used',
      );
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
