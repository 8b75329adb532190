/** The contract of the reverse proxy. Throws AgentError `proxy_unreachable`, `proxy_failed`, `foreign_object`, `aborted`. */
import type { Mark } from '../../domain/mark.js';
import type { DriverCall } from '../call.js';

/**
 * `preparing`: proxied, and while the container does not answer visitors see the "preparing" page; `enabled`: proxied;
 * `suspended`: 503 "suspended" page, Retry-After, no-store; `disabled`: as if the host were unknown.
 */
export type ProxyState = 'preparing' | 'enabled' | 'suspended' | 'disabled';

/** All names of one service; one record per service generation. */
export interface ProxyHost {
  readonly mark: Mark;
  /** Lower-case A-label names. Never one that another record holds. */
  readonly names: readonly string[];
  /** Validated strictly: an IP address and a port. */
  readonly upstream: { readonly address: string; readonly port: number };
  readonly state: ProxyState;
}

export interface ProxyDriver {
  /** Resolves when the proxy serves the record; on refusal the old configuration goes on being served. */
  ensureHost(host: ProxyHost, call: DriverCall): Promise<void>;
  /** Resolves when the proxy no longer serves it. */
  removeHost(mark: Mark, call: DriverCall): Promise<void>;
  find(mark: Mark, call: DriverCall): Promise<ProxyHost | undefined>;
  list(call: DriverCall): Promise<readonly ProxyHost[]>;
  close(): Promise<void>;
}
