/**
 * The contract of a hook: where an operator wants to hear of alerts. Rejects when it is not certain that the message
 * has arrived; the same one may come twice.
 */
import type { JsonObject } from '../../kernel/json.js';

export interface HookMessage {
  /** Of the message: stays the same when it is told again. */
  readonly id: string;
  readonly body: JsonObject;
}

export interface Hook {
  readonly name: string;
  tell(message: HookMessage, signal: AbortSignal): Promise<void>;
}
