/** Requests to activate, update and deactivate modules. Each becomes a job of the module. */
import type { Clock } from '../../kernel/clock.js';
import { AgentError } from '../../kernel/errors.js';
import type { Config } from '../../config/config.js';
import type { JsonObject } from '../../kernel/json.js';
import type { LifecycleKind } from '../../model/job-kinds.js';
import { isOpen, type Job } from '../../model/job.js';
import {
  isSameVersion,
  lifecycleJob,
  type ModuleId,
  type ModuleRecord,
  versionOfJob,
} from '../../model/module-record.js';
import type { LifecycleRequest, ModuleLifecycle } from '../../model/module-operations.js';
import type { DiscoveredModule } from '../discovery/discover.js';
import { FORCE, FROM_VERSION } from '../kit/lifecycle-flow.js';
import type { LiveModules } from '../live-modules.js';
import type { ModuleVersions } from '../versions.js';
import { problemOf, versionOf } from './choose-version.js';
import { newLifecycleJob, PURGE } from './lifecycle-job.js';
import type { ModuleRecords } from './module-records.js';

export interface LifecycleDeps {
  readonly config: Pick<Config, 'jobs'>;
  readonly clock: Clock;
  readonly records: ModuleRecords;
  readonly live: LiveModules;
  readonly versions: Pick<ModuleVersions, 'keep'>;
  readonly isShipped: (module: Pick<DiscoveredModule, 'path'>) => boolean;
  /** Reads the copy of an earlier version. */
  readonly readCopy: (module: ModuleId, hash: string) => Promise<DiscoveredModule>;
  /** Number of services that need the module. */
  readonly services: (module: ModuleId) => number;
}

export function moduleLifecycle(deps: LifecycleDeps): ModuleLifecycle {
  const { records, live } = deps;
  return {
    async activate(module, request) {
      const record = records.find(module);
      const target = await targetOf(deps, module, record, request.version);
      const version = versionOf(target, deps.isShipped(target));
      const current = record?.state === 'active' ? record.active : null;
      if (current && (request.version === undefined || isSameVersion(current, version))) return null;
      return current
        ? enqueue(deps, module, target, 'updateModule', request, { [FROM_VERSION]: current.version })
        : enqueue(deps, module, target, 'activateModule', request);
    },
    async update(module, request) {
      const record = records.find(module);
      const found = live.found(module) ?? missing();
      if (record?.state !== 'active' || !record.active)
        throw new AgentError('module_inactive', 'The module is not active: activate it instead.');
      const version = versionOf(found, deps.isShipped(found));
      const job = lifecycleJob(record);
      if (!job && isSameVersion(record.active, version)) return null;
      return enqueue(deps, module, found, 'updateModule', request, {
        [FROM_VERSION]: record.active.version,
      });
    },
    async deactivate(module, request) {
      const record = records.find(module);
      const found = live.found(module);
      if (!record && !found) return missing();
      refuseNeeded(module, deps.services(module));
      const isActive = record?.state === 'active';
      if (record && !isActive && record.state !== 'error' && !request.purge && !lifecycleJob(record))
        return null;
      const hash = record?.active?.hash;
      const inUse = (typeof hash === 'string' ? live.withHash(module, hash) : undefined) ?? found;
      const runsCode = isActive && !request.force && inUse !== undefined && problemOf(inUse) === null;
      const args = { ...(request.purge ? { [PURGE]: true } : {}), ...(runsCode ? {} : { [FORCE]: true }) };
      return enqueue(deps, module, inUse, 'deactivateModule', request, args);
    },
  };
}

/** The code to activate. */
async function targetOf(
  { live, readCopy, isShipped }: LifecycleDeps,
  module: ModuleId,
  record: ModuleRecord | undefined,
  wanted: string | undefined,
): Promise<DiscoveredModule> {
  const found = live.found(module);
  if (!found && !record) return missing();
  if (found && (wanted === undefined || versionOf(found, isShipped(found)).version === wanted)) return found;
  if (wanted === undefined) throw unusable('its files are gone');
  const known = [record?.active ?? null, ...(record?.former ?? [])].filter((one) => one !== null);
  const version = known.find((one) => one.version === wanted);
  if (typeof version?.hash === 'string')
    return live.withHash(module, version.hash) ?? readCopy(module, version.hash);
  const names = [found?.read?.declared.info.version, ...known.map((one) => one.version)];
  throw new AgentError('invalid_request', 'The module has no such version.', {
    fields: { version: `must be one of ${[...new Set(names)].filter(Boolean).join(', ')}` },
  });
}

async function enqueue(
  deps: LifecycleDeps,
  module: ModuleId,
  target: DiscoveredModule | undefined,
  method: LifecycleKind,
  { requestId, interactive = true }: LifecycleRequest,
  args: JsonObject = {},
): Promise<Job> {
  const { clock, config, records, live } = deps;
  const problem = target ? problemOf(target) : null;
  if (method !== 'deactivateModule' && problem !== null) throw unusable(problem);
  if (method !== 'deactivateModule' && target?.read) await keep(deps, target);
  const version = target
    ? versionOf(target, deps.isShipped(target))
    : (records.find(module)?.active ?? { version: '', hash: null });
  const order = { method, module, version, args, requestId, interactive };
  const job = newLifecycleJob(clock, config.jobs.retry_s, {
    ...order,
    settings: target?.read?.settings ?? {},
  });
  if (target) live.put([target]);
  const record = await records.change(module, (current) => {
    const open = lifecycleJob(current);
    if (!open) return { ...current, reason: null, jobs: [...current.jobs, job] };
    if (open.method === method && isSameVersion(versionOfJob(open), version)) return current;
    throw new AgentError('module_busy', 'The module is being activated, updated or deactivated.', {
      detail: `the job ${open.id} (${open.method}) is ${open.status}`,
    });
  });
  return record.jobs.find(({ id }) => id === job.id) ?? lastOpen(record) ?? job;
}

function lastOpen({ jobs }: ModuleRecord): Job | undefined {
  return jobs.findLast(isOpen);
}

/** Copies the code, before a job pins it. */
async function keep({ versions, isShipped }: LifecycleDeps, target: DiscoveredModule): Promise<void> {
  const { read, path, hash } = target;
  if (!read || target.isCopy || isShipped(target)) return;
  await versions.keep({ info: read.declared.info, path, hash }).catch((error: unknown) => {
    throw unusable(`it cannot be copied: ${error instanceof Error ? error.message : String(error)}`);
  });
}

function refuseNeeded({ type, name }: ModuleId, count: number): void {
  if (count === 0) return;
  throw new AgentError('module_in_use', 'Services need the module.', {
    detail: `${count} services need ${type}/${name}, including deleted services that are still kept`,
  });
}

function unusable(reason: string): AgentError {
  return new AgentError('module_unusable', `The module cannot be used: ${reason}.`, { detail: reason });
}

function missing(): never {
  throw new AgentError('module_not_found', 'There is no such module.');
}
