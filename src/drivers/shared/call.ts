/**
 * The arguments that every driver call gets: how long the call may take, and where it can store notes for the case
 * that it is repeated.
 */
import type { JsonObject } from '../../kernel/json.js';
import type { DriverLog } from './log.js';

export interface DriverCall {
  /**
   * This signal aborts when the deadline passes or the work is stopped. The call then ends soon, but not before it
   * knows whether it took effect.
   */
  readonly signal: AbortSignal;
  /** The notes of earlier attempts of the same step, such as the ID of a remote task. */
  readonly notes: Readonly<JsonObject>;
  /** Merges new notes into the earlier ones. The new notes are durable when the promise resolves. */
  note(values: JsonObject): Promise<void>;
  /** A logger whose lines contain the request, job, service and step. It is absent outside of jobs. */
  readonly log?: DriverLog;
}

/** Creates the arguments for a call outside of jobs, which stores no notes. */
export function plainCall(signal: AbortSignal): DriverCall {
  return { signal, notes: {}, note: async () => {} };
}
