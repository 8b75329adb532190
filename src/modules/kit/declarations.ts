/**
 * What a module says of itself, as plain data: the main thread goes by this and never runs the module's code. A child
 * process reads it from the class (`discovery/`).
 */
import type { JsonObject } from '../../kernel/json.js';
import type { JobPolicy } from '../../model/job.js';
import type { OwnerEmailRule } from '../../model/owner-email.js';
import type { Part } from '../../model/part.js';
import type { ModuleInfo } from './module.js';
import type { TemplateRecipe } from './product.js';
import type { ContainerSource } from './host-call-types.js';

export interface Declarations {
  readonly info: ModuleInfo;
  /** JSON Schema of its settings. */
  readonly settingsSchema: JsonObject;
  readonly parts: readonly Part[];
  /** Kinds of jobs that it has a flow for. */
  readonly abilities: readonly string[];
  /** By kind of job, what differs from the default policy. */
  readonly policies: Readonly<Record<string, Partial<JobPolicy>>>;
  /** Where new containers come from, by its settings; null: it has none. */
  readonly source: ContainerSource | null;
  /** Its golden template, by its settings; null: it needs none. */
  readonly template: TemplateRecipe | null;
  /** Path and query of a log-in link with `{id}` and `{token}`; null: it has no such links. */
  readonly loginPath: string | null;
  /** Null: its sites can hold every address. */
  readonly ownerEmail: OwnerEmailRule | null;
}
