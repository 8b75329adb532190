/**
 * A server on which the accounts of a remote product are created. Each server belongs to one module and to one group of
 * servers. Plans name the group.
 */
import type { JsonObject } from '../kernel/json.js';
import type { Secret } from '../kernel/secret.js';
import type { Plan } from './plan.js';

export const DEFAULT_GROUP = 'default';
/** Names of servers and of their groups. */
export const SERVER_WORD = '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$';
/** Names of credentials. */
export const CREDENTIAL_NAME = '^[a-z][a-z0-9_]{0,39}$';

/** What a module declares about its servers. */
export interface ServerRules {
  /** JSON Schema of the data of a server; null if the module declares none. */
  readonly data: JsonObject | null;
  /** JSON Schema of the credentials; null if the module accepts any. */
  readonly credentials: JsonObject | null;
  readonly port: number;
  /** Whether the module has the methods `testConnection` and `inspect`. */
  readonly tests: boolean;
  readonly inspects: boolean;
}

/** How the certificate of a server is checked. Without `ca` and `fingerprint`, the system's authorities decide. */
export interface ServerTls {
  /** PEM of the certificate authorities to trust. */
  readonly ca?: string;
  /** SHA-256 of the server's certificate, 64 hexadecimal digits. */
  readonly fingerprint?: string;
}

export interface Server {
  /** Schema version of the document, set by the store. */
  readonly schema?: number;
  readonly id: string;
  readonly module: { readonly type: 'product'; readonly name: string };
  /** Unique among the servers of the module. */
  readonly name: string;
  readonly group: string;
  /** Host name or address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Null: the server is contacted without TLS. */
  readonly tls: ServerTls | null;
  /** Null: there is no limit. */
  readonly maxAccounts: number | null;
  /** An inactive server gets no new accounts. Its existing accounts stay as they are. */
  readonly active: boolean;
  /** Data of the module, in the form that it declares. */
  readonly data: JsonObject;
  /** Encrypted in the file. */
  readonly credentials: Readonly<Record<string, Secret>>;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The account of a service on a server. `place` counts the accounts of the server; no two services have the same. */
export interface ServerPlace {
  readonly id: string;
  readonly place: number;
}

/** The group of servers that a plan names. */
export function groupOf({ serverGroup }: Pick<Plan, 'serverGroup'>): string {
  return serverGroup ?? DEFAULT_GROUP;
}

/** `https://panel.example.com:8443` */
export function originOf({ host, port, tls }: Pick<Server, 'host' | 'port' | 'tls'>): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `${tls === null ? 'http' : 'https'}://${name}:${port}`;
}
