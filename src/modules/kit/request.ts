/** A request that reaches a module (API route, webhook, static route), its context, and what a handler can return. */
import type { Json, JsonObject } from '../../kernel/json.js';
import type { Collections } from './collection-types.js';
import type { ModuleFunctions } from './context.js';
import type { ModuleInfo } from './module-info.js';

export interface ModuleRequest {
  readonly method: string;
  /** The path below the prefix of the module, such as `server/7`. */
  readonly path: string;
  /** The values of the parameters in the pattern of the route: `{uuid}` is `params.uuid`. */
  readonly params: Readonly<Record<string, string>>;
  /** If a parameter is repeated, its last value. */
  readonly query: Readonly<Record<string, string>>;
  /** By name in lower case. An API route does not get the caller's token and cookies. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it arrived, for signatures. */
  readonly body: Uint8Array;
  /** The body as text (UTF-8). */
  readonly text: string;
  /**
   * The body as data: of JSON, or of a form (all values are texts). Null if it is neither. If the route declares
   * `input`, an object that was checked with this schema, with its defaults.
   */
  readonly input: Json;
}

/** The caller of an API route. */
export interface Actor {
  /** Identifies the caller's token. */
  readonly id: string;
  /** The name of the token. */
  readonly name: string;
  /** Whether the caller has this permission of the module. */
  can(key: string): boolean;
}

/** An instance of a notification or payment module: a channel or a gateway. */
export interface InstanceView {
  readonly id: string;
  readonly name: string;
  /** Secrets are references, which calls accept in place of texts. */
  readonly data: JsonObject;
}

/** What a handler can use. The calls are documented in `module-calls.ts`. */
export interface RequestContext extends ModuleFunctions {
  readonly module: Pick<ModuleInfo, 'type' | 'name' | 'version'>;
  readonly info: ModuleInfo;
  readonly settings: JsonObject;
  /** Null if the request does not concern an instance. */
  readonly instance: InstanceView | null;
  /** Null for webhooks and static routes, which need no token. */
  readonly actor: Actor | null;
  /** The documents of the module's collections. Undefined if the module declares no collections. */
  readonly collections: Collections;
  /** Aborted at the time limit of the request. */
  readonly signal: AbortSignal;
}

interface ReplyHead {
  /** Default: 200. */
  readonly status?: number;
  /**
   * Only headers that describe the content, such as `cache-control`, `content-disposition`, `etag` and `retry-after`.
   * The agent drops all others, and logs their names.
   */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The response. Nothing means status 204. The content must not exceed 1 MiB, and a stream 64 MiB. */
export type Reply =
  | undefined
  | null
  | (ReplyHead & { readonly json: Json })
  /** The template `views/<view>.eta`, rendered with `data`. */
  | (ReplyHead & { readonly view: string; readonly data?: object })
  /** `type` defaults to `text/plain; charset=utf-8`. */
  | (ReplyHead & { readonly text: string; readonly type?: string })
  /** A path of the agent or an https URL. `status` defaults to 303. */
  | { readonly redirect: string; readonly status?: 301 | 302 | 303 | 307 | 308 }
  /** `type` defaults to `application/octet-stream`. `filename` makes browsers save the content. */
  | (ReplyHead & {
      readonly stream: AsyncIterable<Uint8Array | string>;
      readonly type?: string;
      readonly filename?: string;
    })
  /** 422 with the problem of each field. */
  | { readonly errors: Readonly<Record<string, string>>; readonly message?: string }
  | (ReplyHead & { readonly status: number });

/**
 * Handles a request. An AgentError that it throws becomes the response. Any other error means that the module failed.
 */
export type Handler = (context: RequestContext, request: ModuleRequest) => Reply | Promise<Reply>;

/** A function, or the name of a method of the module. */
export type HandlerName = Handler | string;
