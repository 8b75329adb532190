/** What every driver call gets: how long it may take, and where it stores what a repeated call must know. */
import type { JsonObject } from '../../kernel/json.js';
import type { DriverLog } from './log.js';

export interface DriverCall {
  /**
   * Aborted when the deadline passes or the work is stopped. A call settles soon afterwards, with its effect known.
   */
  readonly signal: AbortSignal;
  /** What an earlier try of the same step noted, such as a remote task's ID. */
  readonly notes: Readonly<JsonObject>;
  /** Durable when it resolves; merged into the earlier notes. */
  note(values: JsonObject): Promise<void>;
  /** Its lines contain the request, job, service and step; absent outside of jobs. */
  readonly log?: DriverLog;
}

/** A call outside of any job, which keeps no notes. */
export function plainCall(signal: AbortSignal): DriverCall {
  return { signal, notes: {}, note: async () => {} };
}
