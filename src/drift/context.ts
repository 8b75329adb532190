/** Dependencies of the drift detection. */
import type { OperationContext } from '../services/context.js';
import type { DriftStore } from './drift-store.js';

export interface DriftContext extends OperationContext {
  /** All findings; other operations read only those of one service. */
  readonly drift: DriftStore;
}
