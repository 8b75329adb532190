/** Servers on which a product creates accounts, as the code of the product sees them. */
import type { JsonObject } from '../../kernel/json.js';
import type { SecretRef } from './host-call-types.js';
import type { TlsTrust } from './module-call-types.js';
import type { Schema } from './schema.js';

/** What a product declares about its servers. */
export interface ServerUse {
  /** JSON Schema of the product's own data about a server, without secrets. Default: servers have no such data. */
  readonly data?: Schema;
  /**
   * JSON Schema of the credentials. The type must be `object`, and each property a text. Default: any credentials are
   * accepted.
   */
  readonly credentials?: Schema;
  /** The port of a server whose record names none. Default: 443. */
  readonly port?: number;
}

/** A server with which the code of a product works. */
export interface ServerView {
  readonly id: string;
  readonly name: string;
  readonly group: string;
  readonly host: string;
  readonly port: number;
  readonly data: JsonObject;
  /** References to the credentials, by name. */
  readonly credentials: Readonly<Record<string, SecretRef>>;
  /** The address and the trusted certificate, for `http.request({...server.http, url: '/accounts'})`. */
  readonly http: { readonly baseUrl: string; readonly tls?: TlsTrust };
}

/** The server that was chosen for a service. */
export type ServerRef = { readonly id: string; readonly name: string };

/** The state of an account as its server reports it. */
export interface Inspection {
  readonly exists: boolean;
  /** False if the account is suspended. Default: the server does not report this. */
  readonly active?: boolean;
  /** False if the account cannot be used, although its server responds. Default: true. */
  readonly reachable?: boolean;
  /**
   * Numbers by name, at most 20. The names of `usage` in `GET /status`, such as `disk_bytes` or `network_out_bytes`,
   * are shown there; all others are shown as `usage.other`.
   */
  readonly usage?: Readonly<Record<string, number>>;
}
