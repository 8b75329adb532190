/** What operators see of a module. */
import type { JsonObject } from '../kernel/json.js';
import type { Part } from './part.js';

/**
 * `active`: in use. `inactive`: it can be read, but this release does not run modules of its type. `error`: it cannot
 * be used, and `reason` says why. `missing`: services or settings need it, but it is not installed.
 */
export const MODULE_STATES = ['active', 'inactive', 'error', 'missing'] as const;
export type ModuleState = (typeof MODULE_STATES)[number];

export const MODULE_TYPES = ['product', 'plugin', 'payment', 'notification'] as const;
export type ModuleType = (typeof MODULE_TYPES)[number];

/** A module's settings are left out: they may hold secrets. */
export interface ModuleView {
  readonly type: ModuleType;
  readonly name: string;
  /** Null, like everything that only its code declares, if the code cannot be read. */
  readonly title: string | null;
  readonly version: string | null;
  /** SHA-256 of its files, hexadecimal. */
  readonly hash: string | null;
  readonly state: ModuleState;
  /** For operators: why it is not active; null if it is. */
  readonly reason: string | null;
  /** Its folder; null: there is none. */
  readonly path: string | null;
  readonly parts: readonly Part[];
  /** Kinds of jobs that its services can have. */
  readonly abilities: readonly string[];
  /** JSON Schema. */
  readonly settingsSchema: JsonObject | null;
  /** Services that need it, deleted ones that are still kept included. */
  readonly services: number;
}
