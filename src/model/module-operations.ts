/** What operators can do with modules. Endpoints know modules only by these interfaces. */
import type { Readable } from 'node:stream';
import type { JsonObject } from '../kernel/json.js';
import type { Job } from './job.js';
import type { ModuleLogLine } from './module-log-line.js';
import type { ModuleId } from './module-record.js';

export interface LifecycleRequest {
  readonly requestId: string;
  /** False if the agent itself makes the request. Default: true. */
  readonly interactive?: boolean;
}

export interface ActivateRequest extends LifecycleRequest {
  /** Default: the version in the module's folder. */
  readonly version?: string | undefined;
}

export interface DeactivateRequest extends LifecycleRequest {
  /** Also remove the module's documents, cache and log. */
  readonly purge: boolean;
  /** Do not run code of the module. */
  readonly force: boolean;
}

/** The job that was accepted; null if there is nothing to do. */
export type LifecycleAnswer = Job | null;

export interface ModuleLifecycle {
  /** Throws `module_not_found`, `invalid_request`, `module_unusable`, `module_busy`. */
  activate(module: ModuleId, request: ActivateRequest): Promise<LifecycleAnswer>;
  /** Throws `module_not_found`, `module_inactive`, `module_unusable`, `module_busy`. */
  update(module: ModuleId, request: LifecycleRequest): Promise<LifecycleAnswer>;
  /** Throws `module_not_found`, `module_in_use`, `module_busy`. */
  deactivate(module: ModuleId, request: DeactivateRequest): Promise<LifecycleAnswer>;
}

/**
 * Installs the module in this tgz, without activating it. Throws `invalid_request` for an archive that cannot be used,
 * `module_unusable` for code that cannot be read, and `module_exists`.
 */
export type InstallModule = (archive: Readable) => Promise<ModuleId>;

export interface SettingsView {
  /** With defaults. Secrets are masked. */
  readonly settings: JsonObject;
  /** Names of the settings that the configuration contains, and that therefore cannot be changed here. */
  readonly configured: readonly string[];
  /** Names of the settings that were set through the API. */
  readonly own: readonly string[];
}

export interface ModuleSettings {
  /** Throws `module_not_found`, and `module_unusable` if the code of the module cannot be read. */
  read(module: ModuleId): SettingsView;
  /**
   * Replaces all settings of the API. Throws `invalid_request` with the problem of each field, and the errors of
   * `read`.
   */
  replace(module: ModuleId, settings: JsonObject): Promise<SettingsView>;
}

export interface LogPage {
  /** The newest first. */
  readonly lines: readonly ModuleLogLine[];
  /** `before` for the next page; null if there are no older lines. */
  readonly next: number | null;
}

/** Reads the log of a module. */
export interface ModuleLogReader {
  read(module: ModuleId, page: { readonly limit: number; readonly before?: number }): Promise<LogPage>;
}
