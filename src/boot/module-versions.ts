/** Opens the copies of module code that jobs run. Creates the copies that are needed, and removes all others. */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { isOpen, type Job } from '../model/job.js';
import { keptVersions } from '../model/module-record.js';
import type { ModulesInUse } from '../modules/registry.js';
import { type InstalledModule, type ModuleVersions, moduleVersions } from '../modules/versions.js';
import type { State } from '../state/contract.js';

interface Parts {
  readonly config: Config;
  readonly state: State;
  readonly inUse: ModulesInUse;
  /** All shipped modules, because a module that is not in use may have jobs, too. */
  readonly shipped: () => readonly InstalledModule[];
  readonly log: Logger;
}

/**
 * If a copy cannot be created or removed, the error is logged. The agent tries again when a job needs the copy, or at
 * the next start.
 */
export async function openVersions({ config, state, inUse, shipped, log }: Parts): Promise<ModuleVersions> {
  const versions = moduleVersions(config.agent.state_dir, () => [
    ...inUse.list().map(({ info, path, hash }) => ({ info, path, hash })),
    ...shipped(),
  ]);
  await keepVersions(versions, inUse, log);
  const removed = await versions.sweep(await pinnedModules(state)).catch((error: unknown) => {
    log.error({ err: error }, 'unused copies of modules cannot be removed');
    return [];
  });
  if (removed.length > 0) log.info({ removed }, 'removed copies of modules that no job needs');
  return versions;
}

/** Copies the code of modules. A job may record the hash of a module's code only after the copy exists. */
export async function keepVersions(
  versions: ModuleVersions,
  inUse: Pick<ModulesInUse, 'list'>,
  log: Logger,
): Promise<void> {
  for (const module of inUse.list())
    await versions.keep(module).catch((error: unknown) => {
      log.error({ err: error, module: module.info.name }, 'a module cannot be copied: its jobs wait');
    });
}

/**
 * The modules of jobs that may still run: open jobs, and stuck jobs that an operator may retry. Also the versions that
 * an operator may activate.
 */
async function pinnedModules({ services, modules }: State): Promise<Job['pinned']['module'][]> {
  const pinned: Job['pinned']['module'][] = [];
  for (const { key, openJobs, stuck } of [...services.entries()]) {
    if (openJobs.length === 0 && !stuck) continue;
    const { jobs } = await services.get(key);
    for (const job of jobs) if (isOpen(job) || job.status === 'stuck') pinned.push(job.pinned.module);
  }
  for (const record of modules.list())
    for (const { version, hash } of keptVersions(record))
      if (hash !== null) pinned.push({ type: record.type, name: record.name, version, hash });
  return pinned;
}
