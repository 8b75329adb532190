/**
 * Combines the declarations of the modules with the configuration. The result is the list of products that this agent
 * sells, and the state of every module.
 */
import { dirname } from 'node:path';
import { AgentError } from '../kernel/errors.js';
import type { JsonObject } from '../kernel/json.js';
import { isLifecycleKind } from '../model/job-kinds.js';
import type { ModuleRecord } from '../model/module-record.js';
import type { ModuleJobView, ModuleView } from '../model/module-view.js';
import { type ChosenModule, chooseVersions } from './activation/choose-version.js';
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
  readonly chosen: readonly ChosenModule[];
  /** Problems with the settings of shipped modules. The daemon must not start with such problems. */
  readonly fatal: readonly SettingsProblem[];
  /** Problems with the settings of modules of other authors. The state of such a module is `error` or `missing`. */
  readonly problems: readonly SettingsProblem[];
}

export interface RegistryInput {
  readonly discovered: readonly DiscoveredModule[];
  /** Versions that are in use or will be, although the folders contain others. */
  readonly copies?: readonly DiscoveredModule[];
  readonly records?: readonly ModuleRecord[];
  /** `products` of the configuration. */
  readonly settings: Readonly<Record<string, JsonObject>>;
  readonly isShipped: (module: DiscoveredModule) => boolean;
  /**
   * Whether folders with modules of other authors are configured. If so, a missing module is not treated as a mistake
   * in the configuration, because its folder may be on a file system that is not mounted at the moment.
   */
  readonly hasOthers: boolean;
}

export function openRegistry(input: RegistryInput): Registry {
  const { discovered, settings, isShipped, hasOthers, copies = [], records = [] } = input;
  const fatal: SettingsProblem[] = [];
  const problems: SettingsProblem[] = [];
  const chosen = chooseVersions({ discovered, copies, records, isShipped });
  for (const { one } of chosen) {
    // the settings of the API may not fit a new release, which must start all the same
    const isFatal = isShipped(one) && Object.keys(recordOf(records, one)?.settings ?? {}).length === 0;
    (isFatal ? fatal : problems).push(...(one.read?.problems ?? []));
  }
  const modules = chosen.map((one) => knownOf(one, recordOf(records, one.one)));
  const inUse = chosen.flatMap(({ one, isInUse }) => (isInUse ? registered(one, isShipped(one)) : []));
  const byName = new Map(
    inUse.filter(({ info }) => info.type === 'product').map((one) => [one.info.name, one]),
  );
  const isFound = (type: string, name: string): boolean =>
    modules.some((one) => one.type === type && one.name === name);
  for (const name of Object.keys(settings).filter((key) => !isFound('product', key))) {
    const problem = `no product module has this name (available: ${[...byName.keys()].join(', ') || 'none'})`;
    (hasOthers ? problems : fatal).push({ key: `products.${name}`, problem });
    modules.push(missingModule(name, `products.${name} has settings, but the module is not installed`));
  }
  for (const { type, name, state, jobs } of records)
    if (state === 'active' && !isFound(type, name))
      modules.push({
        ...missingModule(name, 'it was in use, but is not installed any more'),
        ...{ type, jobs: viewJobs({ jobs }) },
      });
  return { products: lookUp(byName, modules), inUse: inUseOf(inUse), modules, chosen, fatal, problems };
}

function recordOf(
  records: readonly ModuleRecord[],
  { type, name }: DiscoveredModule,
): ModuleRecord | undefined {
  return records.find((record) => record.type === type && record.name === name);
}

/** The module in the form in which it is used. Empty if it cannot be used. */
export function registered({ path, hash, read }: DiscoveredModule, isShipped: boolean): RegisteredModule[] {
  if (!read || read.problems.length > 0) return [];
  const { declared, settings } = read;
  return [{ info: declared.info, path, hash: isShipped ? null : hash, declared, settings }];
}

function knownOf(
  { one, state, reason, available }: ChosenModule,
  record: ModuleRecord | undefined,
): KnownModule {
  const { type, name, path, hash, read } = one;
  const declared = read?.declared;
  return {
    ...{ type, name, hash, path: dirname(path), state, reason, available },
    title: declared?.info.title ?? null,
    version: declared?.info.version ?? null,
    formerVersions: record?.former.map(({ version }) => version) ?? [],
    jobs: record ? viewJobs(record) : [],
    parts: declared?.parts ?? [],
    abilities: declared?.abilities ?? [],
    settingsSchema: declared?.settingsSchema ?? null,
    productDataSchema: declared?.productData ?? null,
    serviceDataSchema: declared?.serviceData ?? null,
    instanceSchema: declared?.instance ?? null,
    routes: declared?.routes ?? null,
    servers: declared?.servers ?? null,
  };
}

/** The newest first. */
function viewJobs({ jobs }: Pick<ModuleRecord, 'jobs'>): ModuleJobView[] {
  return jobs
    .flatMap(({ id, method, status, pinned, error, createdAt, endedAt }) =>
      isLifecycleKind(method)
        ? {
            ...{ id, method, status, createdAt, endedAt },
            version: pinned.module.version,
            error: error ? (error.detail ?? error.message) : null,
          }
        : [],
    )
    .reverse();
}

function inUseOf(modules: readonly RegisteredModule[]): ModulesInUse {
  return {
    list: () => modules,
    find: (type, name) => modules.find(({ info }) => info.type === type && info.name === name),
  };
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
    available: null,
    formerVersions: [],
    jobs: [],
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
