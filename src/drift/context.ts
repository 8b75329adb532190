/** What the looks for drift work with. */
import type { OperationContext } from '../services/context.js';
import type { DriftStore } from './drift-store.js';

export interface DriftContext extends OperationContext {
  /** All that the looks have found; other operations ask for one service's only. */
  readonly drift: DriftStore;
}
