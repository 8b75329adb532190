/**
 * Messages between the daemon and a process that handles the requests of one module. The calls and log lines of the
 * code are the same messages as in the attempt of a job (`jobs/engine/protocol.ts`).
 */
import type { ErrorRecord } from '../../kernel/errors.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { ToMain, ToWorker } from '../../jobs/engine/protocol.js';
import type { InstanceView } from '../kit/request.js';

/** What the process calls. */
export type Target =
  /** A route of `adminApiRoutes`, by its method and pattern. */
  | { readonly kind: 'api'; readonly method: string; readonly path: string }
  | { readonly kind: 'static'; readonly name: string }
  | { readonly kind: 'webhook'; readonly method: 'get' | 'post' }
  /** A method of the module, such as `test`. */
  | { readonly kind: 'method'; readonly name: string; readonly args: readonly Json[] };

export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64. */
  readonly body: string;
}

export interface RequestCall {
  /** Path of `module.js`. */
  readonly modulePath: string;
  readonly target: Target;
  /** Null for a method. */
  readonly request: SentRequest | null;
  readonly settings: JsonObject;
  readonly instance: InstanceView | null;
  /** `keys`: the permissions of the module that the caller has. */
  readonly actor: { readonly id: string; readonly name: string; readonly keys: readonly string[] } | null;
  /** BCP 47; null if it is not known. */
  readonly locale: string | null;
}

export type ToRequestProcess =
  | { readonly kind: 'request'; readonly call: RequestCall }
  | Extract<ToWorker, { kind: 'answer' | 'refusal' }>
  /** A chunk of the stream was read, so another one may be sent. */
  | { readonly kind: 'more' }
  /** The stream is not read any longer. */
  | { readonly kind: 'stop' };

export interface SentReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64; null without content, and for a stream. */
  readonly body: string | null;
  /** Chunks follow, and then the message `end`. */
  readonly isStream: boolean;
}

export type SentError = ErrorRecord & { readonly fields?: Readonly<Record<string, string>> };

export type FromRequestProcess =
  | Extract<ToMain, { kind: 'call' | 'log' }>
  | { readonly kind: 'reply'; readonly reply: SentReply }
  /** Base64. */
  | { readonly kind: 'chunk'; readonly data: string }
  /** The end of a stream. */
  | { readonly kind: 'end' }
  /** `isThrown`: the code threw something else than an AgentError. */
  | { readonly kind: 'failed'; readonly error: SentError; readonly isThrown: boolean };

/** Sizes in bytes. */
export const REPLY_BOUNDS = { body: 1024 ** 2, chunk: 48 * 1024, stream: 64 * 1024 ** 2 } as const;
/** Number of chunks of a stream that are sent before the first one is read. */
export const CHUNKS_AHEAD = 8;
