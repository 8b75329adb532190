/** A Notification module sends messages through a kind of channel, such as e-mail or a chat. */
import { Module } from './module.js';
import type { InstanceView, RequestContext } from './request.js';
import type { Schema } from './schema.js';

/** A context that always has an instance. */
export interface InstanceContext extends RequestContext {
  readonly instance: InstanceView;
}

export interface Message {
  /** The address of the recipient, as the channel understands it. */
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
}

/** `id`: how the remote system names the message. */
export type Sent = undefined | { readonly id?: string };

export abstract class Notification extends Module {
  /**
   * JSON Schema of the data of a channel, such as a server and its credentials. Fields with `secret: true` are stored
   * encrypted, and the module gets references to them.
   */
  abstract readonly instance: Schema;

  /** Sends a message through the channel `context.instance`. */
  abstract send(context: InstanceContext, message: Message): Sent | Promise<Sent>;

  /** Checks the channel without sending a message. Throws an AgentError that says what is wrong. */
  test?(context: InstanceContext): void | Promise<void>;
}
