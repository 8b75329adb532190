/**
 * The contract of a hook, which delivers alerts to the operator. A delivery rejects if it is not certain that the
 * message arrived. The message is then sent again, so the same message may arrive twice.
 */
import type { JsonObject } from '../../kernel/json.js';

export interface HookMessage {
  /** The ID of the message. It stays the same if the message is sent again. */
  readonly id: string;
  readonly body: JsonObject;
}

export interface Hook {
  readonly name: string;
  notify(message: HookMessage, signal: AbortSignal): Promise<void>;
}
