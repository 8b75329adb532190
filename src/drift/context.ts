/** Dependencies of the drift detection. */
import type { OperationContext } from '../services/context.js';
import type { DriftStore } from './drift-store.js';

export interface DriftContext extends OperationContext {
  /** The findings for all services. Operations outside of the drift detection get only those of one service. */
  readonly drift: DriftStore;
}
