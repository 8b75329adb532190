/**
 * Decides for each module which of its versions is in use. The record says which version was activated; the module's
 * folder may contain another one.
 */
import type { AvailableVersion, ModuleState } from '../../model/module-view.js';
import {
  isSameVersion,
  lifecycleJob,
  type ModuleId,
  type ModuleRecord,
  type ModuleVersion,
} from '../../model/module-record.js';
import type { DiscoveredModule } from '../discovery/discover.js';

export interface ChosenModule {
  /** The version in use. If none is in use, what the module's folder contains. */
  readonly one: DiscoveredModule;
  readonly isInUse: boolean;
  readonly state: ModuleState;
  readonly reason: string | null;
  readonly available: AvailableVersion | null;
  /** True if the module was found for the first time, and its code has to activate it. */
  readonly isDue?: true;
}

export interface Versions {
  /** What the folders contain. */
  readonly discovered: readonly DiscoveredModule[];
  /** Copies in the state folder. */
  readonly copies: readonly DiscoveredModule[];
  readonly records: readonly ModuleRecord[];
  readonly isShipped: (module: DiscoveredModule) => boolean;
}

const BEING_ACTIVATED = 'it is being activated';

/** In the order of `discovered`. */
export function chooseVersions({ discovered, copies, records, isShipped }: Versions): ChosenModule[] {
  return discovered.map((one) => {
    const first = discovered.find((other) => isSame(one, other));
    const record = first === one ? records.find((other) => isSame(one, other)) : undefined;
    return choose(one, record, isShipped(one) ? [] : copies.filter((copy) => isSame(one, copy)), isShipped);
  });
}

function choose(
  one: DiscoveredModule,
  record: ModuleRecord | undefined,
  copies: readonly DiscoveredModule[],
  isShipped: Versions['isShipped'],
): ChosenModule {
  const job = record && lifecycleJob(record);
  if (job?.method === 'activateModule') return unused(one, 'inactive', BEING_ACTIVATED);
  if (job?.method === 'deactivateModule') return unused(one, 'inactive', 'it is being deactivated');
  if (!record || isFresh(record, one, isShipped(one))) return fresh(one);
  if (record.state === 'error') return unused(one, 'error', record.reason);
  if (record.state === 'inactive') {
    const problem = problemOf(one);
    if (problem !== null) return unused(one, 'error', problem);
    return unused(one, 'inactive', record.active ? 'it was deactivated' : 'it was not activated yet');
  }
  const state = job ? 'updating' : 'active';
  if (isShipped(one) || record.active?.hash === one.hash) return inUse(one, state, record.reason);
  const copy = copies.find(({ hash }) => hash === record.active?.hash);
  if (copy && problemOf(copy) === null)
    return {
      ...inUse(copy, state, record.reason),
      available: { version: one.read?.declared.info.version ?? null, reason: problemOf(one) },
    };
  const problem = problemOf(one);
  return problem === null ? fresh(one) : unused(one, 'error', problem);
}

/** A module without a record, or whose record does not concern this version, is used at once. */
function fresh(one: DiscoveredModule): ChosenModule {
  const problem = problemOf(one);
  if (problem !== null) return unused(one, 'error', problem);
  if (one.read?.declared.lifecycle.includes('activate'))
    return { ...unused(one, 'inactive', BEING_ACTIVATED), isDue: true };
  return inUse(one, 'active', null);
}

/** True if the module has to be activated by itself. */
function isFresh(record: ModuleRecord, one: DiscoveredModule, isShipped: boolean): boolean {
  if (record.state === 'error')
    return record.failed !== null && !isSameVersion(record.failed, versionOf(one, isShipped));
  return record.state === 'inactive' && record.active === null && record.failed === null && !record.installed;
}

function inUse(one: DiscoveredModule, state: ModuleState, reason: string | null): ChosenModule {
  const problem = problemOf(one);
  if (problem !== null) return unused(one, 'error', problem);
  return { one, isInUse: true, state, reason, available: null };
}

function unused(one: DiscoveredModule, state: ModuleState, reason: string | null): ChosenModule {
  return { one, isInUse: false, state, reason, available: null };
}

/** Why the version cannot be used; null if it can. */
export function problemOf({ problem, read }: DiscoveredModule): string | null {
  if (problem !== null) return problem;
  const wrong = read?.problems ?? [];
  return wrong.length === 0 ? null : wrong.map(({ key, problem: why }) => `${key}: ${why}`).join('; ');
}

/** The version as records name it. A shipped module has no hash there. */
export function versionOf({ read, hash }: DiscoveredModule, isShipped: boolean): ModuleVersion {
  return { version: read?.declared.info.version ?? '', hash: isShipped ? null : hash };
}

function isSame(a: ModuleId, b: ModuleId): boolean {
  return a.type === b.type && a.name === b.name;
}
