/**
 * A request to a site through its public endpoint: by name, over TLS, at the proxy's configured address. Throws
 * AgentError `site_unreachable`, `aborted`.
 */
import type { Secret } from '../../kernel/secret.js';
import type { DriverCall } from '../shared/call.js';

export interface SiteRequest {
  /** Host name for SNI and Host. */
  readonly host: string;
  /** Absolute path with query. */
  readonly path: string;
  readonly method: 'GET' | 'POST';
  /** Sent as application/x-www-form-urlencoded. */
  readonly form?: Readonly<Record<string, string | Secret>>;
  /** Sent as Cookie. */
  readonly cookies?: Readonly<Record<string, string>>;
}

export interface SiteAnswer {
  readonly status: number;
  /** Lower-case names; the last value of a repeated header. */
  readonly headers: Readonly<Record<string, string>>;
  /** name -> value of every Set-Cookie. */
  readonly cookies: Readonly<Record<string, string>>;
  /** At most 1 MiB, as UTF-8. */
  readonly body: string;
}

export interface WebDriver {
  /** One request; redirects are not followed. */
  fetch(request: SiteRequest, call: DriverCall): Promise<SiteAnswer>;
  close(): Promise<void>;
}
