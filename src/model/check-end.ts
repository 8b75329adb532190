/** The result of a check that a module made. */
import type { AgentError } from '../kernel/errors.js';
import type { JsonObject } from '../kernel/json.js';

export type CheckEnd =
  /** `data` replaces the checked data if the check returned it. */
  | { readonly kind: 'valid'; readonly data: JsonObject | undefined }
  | { readonly kind: 'invalid'; readonly error: AgentError }
  /** The check gave no result, for example because it did not end. `problem` is for operators. */
  | { readonly kind: 'failed'; readonly problem: string };
