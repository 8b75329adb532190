/** The view of a module for operators. */
import type { JsonObject } from '../kernel/json.js';
import type { ServerRules } from './server.js';
import type { JobStatus } from './job.js';
import type { LifecycleKind } from './job-kinds.js';
import type { Part } from './part.js';

/**
 * `active`: the module is in use. `updating`: the module is in use and is being updated, so its new jobs wait.
 * `inactive`: the module can be read, but is not in use. `error`: the module cannot be used, and `reason` says why.
 * `missing`: services or settings need the module, or it was in use, but it is not installed.
 */
export const MODULE_STATES = ['active', 'inactive', 'updating', 'error', 'missing'] as const;
export type ModuleState = (typeof MODULE_STATES)[number];

export const MODULE_TYPES = ['product', 'plugin', 'payment', 'notification'] as const;
export type ModuleType = (typeof MODULE_TYPES)[number];

export interface AvailableVersion {
  readonly version: string | null;
  /** Why the version cannot be used; null if it can. */
  readonly reason: string | null;
}

/** A job that activates, updates or deactivates a module. */
export interface ModuleJobView {
  readonly id: string;
  readonly method: LifecycleKind;
  readonly status: JobStatus;
  readonly version: string;
  readonly error: string | null;
  readonly createdAt: string;
  readonly endedAt: string | null;
}

export interface ModuleRoute {
  readonly method: string;
  readonly path: string;
  readonly permission: string;
  readonly name: string | null;
  readonly rateLimit: number | null;
}

/** The routes of a module, its permissions and its entries of the sidebar. */
export interface ModuleRoutesView {
  readonly permissions: readonly {
    readonly key: string;
    readonly name: string;
    readonly description: string;
  }[];
  readonly api: readonly ModuleRoute[];
  readonly pages: readonly ModuleRoute[];
  readonly sidebar: readonly {
    readonly title: string;
    readonly link: string;
    readonly activeLinks: readonly string[];
    readonly permission: string;
  }[];
  readonly static: readonly { readonly name: string; readonly method: string; readonly rateLimit: number }[];
  readonly webhooks: { readonly get: boolean; readonly post: boolean; readonly rateLimit: number };
}

/** The view does not contain the module's settings, because they may hold secrets. */
export interface ModuleView {
  readonly type: ModuleType;
  readonly name: string;
  /**
   * The title that the module's code declares. If the code cannot be read, this and all other fields that only the code
   * declares are null.
   */
  readonly title: string | null;
  readonly version: string | null;
  /** SHA-256 of the module's files, hexadecimal. */
  readonly hash: string | null;
  readonly state: ModuleState;
  /** The reason, for operators, why the module is not active, or why its last update failed; otherwise null. */
  readonly reason: string | null;
  /** A version in the module's folder that is not in use. Null if the version in use is the only one. */
  readonly available: AvailableVersion | null;
  /** Earlier versions that can be activated again. */
  readonly formerVersions: readonly string[];
  /** The jobs of the module itself, the newest first. */
  readonly jobs: readonly ModuleJobView[];
  /** The module's folder; null if there is none. */
  readonly path: string | null;
  readonly parts: readonly Part[];
  /** Kinds of jobs that services of the module can have. */
  readonly abilities: readonly string[];
  /** JSON Schema. */
  readonly settingsSchema: JsonObject | null;
  /** JSON Schemas of the data of plans and of services; null if the module declares none. */
  readonly productDataSchema: JsonObject | null;
  readonly serviceDataSchema: JsonObject | null;
  /** JSON Schema of the data of an instance; null for modules without instances. */
  readonly instanceSchema: JsonObject | null;
  /** What the module declares about requests. */
  readonly routes: ModuleRoutesView | null;
  /** What the module declares about its servers; null if it uses none. */
  readonly servers?: ServerRules | null;
  /** Number of services that need the module, including deleted services that are still kept. */
  readonly services: number;
}
