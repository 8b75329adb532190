/**
 * The contract of a hook, which delivers alerts to the operator. Rejects if it is not certain that the message
 * arrived; the same message may arrive twice.
 */
import type { JsonObject } from '../../kernel/json.js';

export interface HookMessage {
  /** ID of the message; it stays the same when the message is sent again. */
  readonly id: string;
  readonly body: JsonObject;
}

export interface Hook {
  readonly name: string;
  notify(message: HookMessage, signal: AbortSignal): Promise<void>;
}
