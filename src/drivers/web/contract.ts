/**
 * The contract for requests to a site through its public endpoint. The requests are sent over TLS to the configured
 * address of the proxy, with the name of the site. Throws AgentError `site_unreachable`, `aborted`.
 */
import type { Secret } from '../../kernel/secret.js';
import type { DriverCall } from '../shared/call.js';

export interface SiteRequest {
  /** Host name for SNI and Host. */
  readonly host: string;
  /** Absolute path with query. */
  readonly path: string;
  readonly method: 'GET' | 'POST';
  /** The form fields, which are sent as application/x-www-form-urlencoded. */
  readonly form?: Readonly<Record<string, string | Secret>>;
  /** The cookies, which are sent in the header Cookie. */
  readonly cookies?: Readonly<Record<string, string>>;
}

export interface SiteAnswer {
  readonly status: number;
  /** The headers by name in lower case. For a repeated header, the last value. */
  readonly headers: Readonly<Record<string, string>>;
  /** Maps the name of every cookie in Set-Cookie to its value. */
  readonly cookies: Readonly<Record<string, string>>;
  /** The body as UTF-8, at most 1 MiB. */
  readonly body: string;
}

export interface WebDriver {
  /** Sends one request. Redirects are not followed. */
  fetch(request: SiteRequest, call: DriverCall): Promise<SiteAnswer>;
  close(): Promise<void>;
}
