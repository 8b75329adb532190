/** Requests that are passed on to modules, and the responses of modules. */
import type { Readable } from 'node:stream';
import type { Caller } from './caller.js';

export interface IncomingRequest {
  readonly module: { readonly type: string; readonly name: string };
  readonly method: string;
  /** The decoded parts of the path below the prefix. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The client's network: an IPv4 address, or the first half of an IPv6 address. */
  readonly from: string;
  readonly requestId: string;
}

/** A request with a token. */
export interface CallerRequest extends IncomingRequest {
  readonly caller: Caller;
  readonly tokenId: string;
}

export interface ModuleReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | Readable | null;
}

/**
 * Throws `module_not_found`, `module_unavailable`, `module_timeout`, `rate_limited`, `route_not_found` and what the
 * module throws.
 */
export interface ModuleRequests {
  /** Throws `forbidden` if the token lacks the permission of the route, and `method_not_allowed`. */
  api(request: CallerRequest): Promise<ModuleReply>;
  /** `path` has one part: the name of the route. Throws `method_not_allowed`. */
  static(request: IncomingRequest): Promise<ModuleReply>;
  /**
   * `path` has one part: the id of the instance, or `default` for modules without instances. Throws
   * `instance_not_found` and `method_not_allowed`. An error that the module did not intend becomes
   * `module_unavailable`, so that the sender repeats the request.
   */
  webhook(request: IncomingRequest): Promise<ModuleReply>;
}
