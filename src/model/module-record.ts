/** The record of a module: which version of it is in use, what operators have set, and its jobs. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../kernel/json.js';
import type { Secret } from '../kernel/secret.js';
import { isOpen, type Job } from './job.js';
import { isLifecycleKind } from './job-kinds.js';
import type { ModuleType } from './module-view.js';

export interface ModuleId {
  readonly type: string;
  readonly name: string;
}

/** The settings of a module that were set through the API. */
export interface StoredSettings extends ModuleId {
  readonly settings: JsonObject;
}

export interface ModuleVersion {
  readonly version: string;
  /** Hash of the files, of which the state folder keeps a copy. Null if the code is part of the agent. */
  readonly hash: string | null;
}

export const RECORD_STATES = ['inactive', 'active', 'error'] as const;

export interface ModuleRecord {
  /** Schema version of the document, set by the store. */
  readonly schema?: number;
  readonly id: string;
  readonly type: ModuleType;
  readonly name: string;
  /** `error`: the activation of the version `failed` has failed. */
  readonly state: (typeof RECORD_STATES)[number];
  /** Why the module is in error, or why its last update or deactivation failed; null if neither is the case. */
  readonly reason: string | null;
  /** The version in use, or the last one that was; null if there was none. */
  readonly active: ModuleVersion | null;
  /** The version whose activation failed. It is not activated again by itself. */
  readonly failed: ModuleVersion | null;
  /** Earlier versions that can be activated again, the newest first. */
  readonly former: readonly ModuleVersion[];
  /** The version that was installed through the API; null if the module is in a configured folder. */
  readonly installed: ModuleVersion | null;
  /** What was set through the API. References stand in the place of secrets. */
  readonly settings: JsonObject;
  /** The secrets of the settings (`settings.<field>`), and those that the module has stored itself. */
  readonly secrets: Readonly<Record<string, Secret>>;
  /** Whether the collections of the module may have documents. */
  readonly hasData: boolean;
  /** The open jobs, and the last ones that have ended. */
  readonly jobs: readonly Job[];
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Earlier versions that are kept. */
const MOST_FORMER = 3;
/** Ended jobs that are kept. */
const MOST_ENDED = 5;

export function newModuleRecord(id: string, { type, name }: ModuleId, now: string): ModuleRecord {
  return {
    ...{ id, type: type as ModuleType, name, state: 'inactive', reason: null },
    ...{ active: null, failed: null, former: [], installed: null },
    ...{ settings: {}, secrets: {}, hasData: false, jobs: [], createdAt: now, updatedAt: now },
  };
}

/** The open job that activates, updates or deactivates the module. There is at most one. */
export function lifecycleJob({ jobs }: Pick<ModuleRecord, 'jobs'>): Job | undefined {
  return jobs.find((job) => isOpen(job) && isLifecycleKind(job.method));
}

/** Whether jobs of the module must wait, because its update has begun. */
export function isUpdating(record: Pick<ModuleRecord, 'jobs'>): boolean {
  const job = lifecycleJob(record);
  return job?.method === 'updateModule' && job.startedAt !== null;
}

export function versionOfJob({ pinned: { module } }: Pick<Job, 'pinned'>): ModuleVersion {
  return { version: module.version, hash: module.hash ?? null };
}

export function isSameVersion(a: ModuleVersion | null, b: ModuleVersion | null): boolean {
  return a?.hash === b?.hash && (a?.hash !== null || a.version === b?.version);
}

/** The record with this version in use. */
export function withActive(record: ModuleRecord, version: ModuleVersion): ModuleRecord {
  const before = record.active && !isSameVersion(record.active, version) ? [record.active] : [];
  const former = [...before, ...record.former]
    .filter((one) => one.hash !== null && !isSameVersion(one, version))
    .filter((one, index, all) => all.findIndex((other) => isSameVersion(one, other)) === index);
  return {
    ...record,
    ...{ state: 'active', reason: null, failed: null, active: version, hasData: true },
    former: former.slice(0, MOST_FORMER),
  };
}

/** Drops the oldest ended jobs. */
export function withoutOldJobs(jobs: readonly Job[]): Job[] {
  const ended = jobs.filter((job) => !isOpen(job));
  const dropped = new Set(ended.slice(0, Math.max(0, ended.length - MOST_ENDED)));
  return jobs.filter((job) => !dropped.has(job));
}

/** The copies of code that the record needs. */
export function keptVersions(record: ModuleRecord): ModuleVersion[] {
  const jobs = record.jobs.filter(isOpen).map(versionOfJob);
  const all = [record.active, record.installed, record.failed, ...record.former, ...jobs];
  return all.filter((one) => one !== null);
}

/** Longest id of a document. */
const LONGEST_ID = 64;

/** The id of the module's document. A long name is replaced by a digest. */
export function moduleRecordId({ type, name }: ModuleId): string {
  const id = `${type}.${name}`;
  if (id.length <= LONGEST_ID) return id;
  return `${type}.${createHash('sha256').update(name).digest('hex').slice(0, 40)}`;
}
