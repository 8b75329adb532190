/** Opens the modules: reads them, and chooses the versions that are in use. */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Secret } from '../kernel/secret.js';
import type { Clock } from '../kernel/clock.js';
import { lifecycleJob, type ModuleId, versionOfJob } from '../model/module-record.js';
import type { ModuleSettings } from '../model/module-operations.js';
import { type ModuleRecords, moduleRecords } from '../modules/activation/module-records.js';
import { secretIn } from '../modules/activation/module-secrets.js';
import { moduleSettings } from '../modules/activation/settings.js';
import {
  arranged,
  copyOf,
  fileSettings,
  isShippedModule,
  type Kept,
  logProblems,
  openCatalogue,
  readCatalogue,
  readThem,
} from '../modules/catalogue.js';
import { declarationsCache } from '../modules/discovery/declarations-cache.js';
import type { DiscoveredModule } from '../modules/discovery/discover.js';
import { type LiveModules, liveModules, type LiveModulesDeps } from '../modules/live-modules.js';
import type { FoundModule } from '../modules/loader.js';
import { type RegisteredModule, registered } from '../modules/registry.js';
import type { Strikes } from '../modules/strikes.js';
import type { State } from '../state/contract.js';

interface Parts {
  readonly config: Config;
  readonly configFile: string;
  readonly state: State;
  readonly strikes: Strikes;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface OpenModules {
  readonly settings: ModuleSettings;
  /** The present value of a secret among the settings of a module. */
  readonly settingSecret: (module: ModuleId, name: string) => Secret | undefined;
  readonly live: LiveModules;
  readonly records: ModuleRecords;
  /** Reads a module anywhere. */
  readonly read: (module: FoundModule) => Promise<DiscoveredModule>;
  /** Reads a copy of a module in the state folder. */
  readonly readCopy: (module: ModuleId, hash: string) => Promise<DiscoveredModule>;
  /** The version that is being activated or deactivated, or to which the module is being updated. */
  readonly target: (module: ModuleId) => RegisteredModule | undefined;
}

/** Throws ConfigError when a setting of a shipped module is wrong. */
export async function openModules(
  { config, configFile, state, strikes, clock, log }: Parts,
  {
    prepare,
    afterwards,
    switched,
  }: Pick<LiveModulesDeps, 'prepare' | 'afterwards'> & {
    /** Called when other versions are in use after a change of the records. */
    readonly switched: () => void;
  },
): Promise<OpenModules> {
  const cache = declarationsCache(config.agent.state_dir, () => clock.now());
  const records = moduleRecords(state.modules, clock);
  const kept = (): Kept => ({ cache, strikes, records: records.list() });
  const live = liveModules(await openCatalogue(config, configFile, log, kept()), {
    ...{ prepare, afterwards },
    read: async ({ discovered }) => {
      const shipped = discovered.filter(isShippedModule);
      const read = await readCatalogue(config, { ...kept(), shipped });
      logProblems(read, log);
      return read;
    },
    arrange: (catalogue) => arranged(config, catalogue, records.list()),
  });
  const versionsInUse = (): string =>
    live.inUse
      .list()
      .map(({ hash, path }) => hash ?? path)
      .join(' ');
  records.onChange(() => {
    const before = versionsInUse();
    live.recordsChanged();
    if (versionsInUse() !== before) switched();
  });
  const read = async (module: FoundModule): Promise<DiscoveredModule> => {
    const [one] = await readThem(config, kept(), [module]);
    if (!one) throw new Error('the module was not read');
    return one;
  };
  return {
    ...{ live, records },
    settings: moduleSettings({
      ...{ records, live },
      configured: (module) => fileSettings(config, module),
      readWith: (record, versions) => readThem(config, { cache, strikes, records: [record] }, versions),
    }),
    settingSecret(module, name) {
      const record = records.find(module);
      return record && secretIn(record, name);
    },
    read,
    readCopy: (module, hash) => read(copyOf(config, module, hash)),
    target(module) {
      const record = records.find(module);
      const job = record && lifecycleJob(record);
      if (!job) return undefined;
      const { hash } = versionOfJob(job);
      const one = hash === null ? live.found(module) : live.withHash(module, hash);
      return one && registered(one, isShippedModule(one))[0];
    },
  };
}
