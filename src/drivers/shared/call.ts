/** What every driver call gets: how long it may go on, and where it keeps what it learns on the way. */
import type { JsonObject } from '../../kernel/json.js';
import type { DriverLog } from './log.js';

export interface DriverCall {
  /** Aborted when the deadline passes or the work is stopped. A call settles soon after, with the effect known. */
  readonly signal: AbortSignal;
  /** What an earlier try of the same step noted (a remote task's id, say). */
  readonly notes: Readonly<JsonObject>;
  /** Durable when it resolves; merged over the earlier notes. */
  note(values: JsonObject): Promise<void>;
  /** Its lines carry the request, job, service and step; absent outside of jobs. */
  readonly log?: DriverLog;
}

/** A call outside of any job: no notes kept. */
export function plainCall(signal: AbortSignal): DriverCall {
  return { signal, notes: {}, note: async () => {} };
}
