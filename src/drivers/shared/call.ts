/**
 * The arguments that every driver call gets: how long it may take, and where it stores information for a repeated
 * call.
 */
import type { JsonObject } from '../../kernel/json.js';
import type { DriverLog } from './log.js';

export interface DriverCall {
  /**
   * This signal aborts when the deadline passes or the work is stopped. The call settles soon afterwards, with its
   * effect known.
   */
  readonly signal: AbortSignal;
  /** The notes of earlier attempts of the same step, such as the ID of a remote task. */
  readonly notes: Readonly<JsonObject>;
  /** Merges new notes into the earlier ones. They are durable when the promise resolves. */
  note(values: JsonObject): Promise<void>;
  /** A logger whose lines contain the request, job, service and step. It is absent outside of jobs. */
  readonly log?: DriverLog;
}

/** Creates the arguments for a call outside of jobs, which stores no notes. */
export function plainCall(signal: AbortSignal): DriverCall {
  return { signal, notes: {}, note: async () => {} };
}
