/** A plan that was created through the API. */
import type { Plan } from './plan.js';

export interface StoredPlan {
  /** Schema version of the document, set by the store. */
  readonly schema?: number;
  /** The name of the plan. */
  readonly id: string;
  readonly plan: Plan;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** Plan names: lower-case letters, digits, `.`, `_`, `-`, at most 64 characters. */
export const PLAN_NAME = '^[a-z0-9][a-z0-9._-]{0,63}$';
