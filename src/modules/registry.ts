/**
 * Combines the declarations of the modules with the configuration. The result is the list of products that this agent
 * sells, and the state of every module.
 */
import { dirname } from 'node:path';
import { AgentError } from '../kernel/errors.js';
import type { JsonObject } from '../kernel/json.js';
import type { ModuleView } from '../model/module-view.js';
import type { DiscoveredModule } from './discovery/discover.js';
import type { SettingsProblem } from './discovery/settings.js';
import type { Declarations } from './kit/declarations.js';
import type { ModuleInfo } from './kit/module.js';

/** A module that is in use. */
export interface RegisteredModule {
  readonly info: ModuleInfo;
  /** Absolute path of module.js, which worker threads import. */
  readonly path: string;
  /** Hash of the module's files; null if the module is part of the agent. */
  readonly hash: string | null;
  readonly declared: Declarations;
  /** The module's settings with defaults filled in. */
  readonly settings: JsonObject;
}

export type RegisteredProduct = RegisteredModule;

/** The modules of all types that are in use. */
export interface ModulesInUse {
  list(): readonly RegisteredModule[];
  find(type: string, name: string): RegisteredModule | undefined;
}

export interface Products {
  list(): readonly RegisteredProduct[];
  find(name: string): RegisteredProduct | undefined;
  /** Throws `unknown_module`, with the reason as its detail. */
  get(name: string): RegisteredProduct;
}

export type KnownModule = Omit<ModuleView, 'services'>;

export interface Registry {
  readonly products: Products;
  readonly inUse: ModulesInUse;
  /** All modules that were found, and products that have settings in the configuration but were not found. */
  readonly modules: readonly KnownModule[];
  /** Problems with the settings of shipped modules. The daemon must not start with such problems. */
  readonly fatal: readonly SettingsProblem[];
  /** Problems with the settings of modules of other authors. The state of such a module is `error` or `missing`. */
  readonly problems: readonly SettingsProblem[];
}

export interface RegistryInput {
  readonly discovered: readonly DiscoveredModule[];
  /** `products` of the configuration. */
  readonly settings: Readonly<Record<string, JsonObject>>;
  readonly isShipped: (module: DiscoveredModule) => boolean;
  /**
   * Whether folders with modules of other authors are configured. If so, a missing module is not treated as a mistake
   * in the configuration, because its folder may be on a file system that is not mounted at the moment.
   */
  readonly hasOthers: boolean;
}

export function openRegistry({ discovered, settings, isShipped, hasOthers }: RegistryInput): Registry {
  const fatal: SettingsProblem[] = [];
  const problems: SettingsProblem[] = [];
  const modules: KnownModule[] = [];
  const inUse: RegisteredModule[] = [];
  for (const one of discovered) {
    const wrong = one.read?.problems ?? [];
    (isShipped(one) ? fatal : problems).push(...wrong);
    const known = knownOf(one, wrong);
    modules.push(known);
    if (known.state === 'active' && one.read)
      inUse.push({
        ...{ info: one.read.declared.info, path: one.path, hash: isShipped(one) ? null : one.hash },
        ...{ declared: one.read.declared, settings: one.read.settings },
      });
  }
  const byName = new Map(
    inUse.filter(({ info }) => info.type === 'product').map((one) => [one.info.name, one]),
  );
  const isFound = (name: string): boolean =>
    modules.some((one) => one.type === 'product' && one.name === name);
  for (const name of Object.keys(settings).filter((key) => !isFound(key))) {
    const problem = `no product module has this name (available: ${[...byName.keys()].join(', ') || 'none'})`;
    (hasOthers ? problems : fatal).push({ key: `products.${name}`, problem });
    modules.push(missingModule(name, `products.${name} has settings, but the module is not installed`));
  }
  return { products: lookUp(byName, modules), inUse: inUseOf(inUse), modules, fatal, problems };
}

function knownOf(
  { type, name, path, hash, read, problem }: DiscoveredModule,
  wrong: readonly SettingsProblem[],
): KnownModule {
  const declared = read?.declared;
  const reason = problem ?? settingsReason(wrong);
  const at = { type, name, hash, path: dirname(path) };
  const said = {
    title: declared?.info.title ?? null,
    version: declared?.info.version ?? null,
    parts: declared?.parts ?? [],
    abilities: declared?.abilities ?? [],
    settingsSchema: declared?.settingsSchema ?? null,
    productDataSchema: declared?.productData ?? null,
    serviceDataSchema: declared?.serviceData ?? null,
    instanceSchema: declared?.instance ?? null,
    routes: declared?.routes ?? null,
    servers: declared?.servers ?? null,
  };
  if (reason !== null) return { ...at, ...said, state: 'error', reason };
  return { ...at, ...said, state: 'active', reason: null };
}

function inUseOf(modules: readonly RegisteredModule[]): ModulesInUse {
  return {
    list: () => modules,
    find: (type, name) => modules.find(({ info }) => info.type === type && info.name === name),
  };
}

function settingsReason(wrong: readonly SettingsProblem[]): string | null {
  return wrong.length === 0 ? null : wrong.map(({ key, problem }) => `${key}: ${problem}`).join('; ');
}

/** A product that is needed, but not installed. */
export function missingModule(name: string, reason: string): KnownModule {
  return {
    type: 'product',
    name,
    title: null,
    version: null,
    hash: null,
    state: 'missing',
    reason,
    path: null,
    parts: [],
    abilities: [],
    settingsSchema: null,
    productDataSchema: null,
    serviceDataSchema: null,
    instanceSchema: null,
    routes: null,
    servers: null,
  };
}

function lookUp(byName: ReadonlyMap<string, RegisteredProduct>, modules: readonly KnownModule[]): Products {
  return {
    list: () => [...byName.values()],
    find: (name) => byName.get(name),
    get(name) {
      const found = byName.get(name);
      if (found) return found;
      const known = modules.find((one) => one.type === 'product' && one.name === name);
      throw new AgentError(
        'unknown_module',
        known ? 'The product cannot be used at the moment.' : 'There is no such product.',
        { detail: `product "${name}"${known ? `: ${known.reason ?? ''}` : ' is not installed'}` },
      );
    },
  };
}
