/** An instance of a notification or payment module: a channel or a gateway, with the data that the module describes. */
import type { JsonObject } from '../kernel/json.js';
import type { Secret } from '../kernel/secret.js';

/** Types of modules that have instances. */
export const INSTANCE_TYPES = ['notification', 'payment'] as const;
export type InstanceType = (typeof INSTANCE_TYPES)[number];

export interface ModuleInstance {
  /** Schema version of the document, set by the store. */
  readonly schema?: number;
  readonly id: string;
  readonly type: InstanceType;
  /** The name of the module. */
  readonly module: string;
  readonly name: string;
  /** With references in place of secrets. */
  readonly data: JsonObject;
  /** By the name in the reference. Also contains secrets that the code of the module has stored. */
  readonly secrets: Readonly<Record<string, Secret>>;
  /** RFC 3339 */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Instance ids: lower-case letters, digits, `.`, `_`, `-`, at most 64 characters. */
export const INSTANCE_ID = '^[a-z0-9][a-z0-9._-]{0,63}$';
