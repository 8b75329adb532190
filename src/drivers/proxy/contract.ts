/**
 * The contract of the reverse proxy. Throws AgentError `proxy_unreachable`, `proxy_refused`, `proxy_failed`,
 * `foreign_object`, `aborted`.
 */
import type { Clock } from '../../kernel/clock.js';
import type { Mark } from '../../kernel/mark.js';
import type { ProxyState } from '../../model/proxy-state.js';
import type { Secret } from '../../kernel/secret.js';
import type { DriverCall } from '../shared/call.js';
import type { Circuits } from '../shared/circuit.js';
import type { DriverLog } from '../shared/log.js';

/** All names of one service; one record per service generation. */
export interface ProxyHost {
  readonly mark: Mark;
  /** Lower-case A-label names. Never one that another record holds. */
  readonly names: readonly string[];
  /** Validated strictly: an IP address and a port. */
  readonly upstream: { readonly address: string; readonly port: number };
  readonly state: ProxyState;
}

/** A certificate for names that the proxy's own (a wildcard below the base domain, say) is not good for. */
export interface ProxyCertificate {
  /** 1-64 of lower-case letters and digits. */
  readonly id: string;
  /** Lower-case A-label names it is shown for. Never one that another certificate holds. */
  readonly names: readonly string[];
  /** PEM, the server's own first. */
  readonly chain: string;
  /** PEM */
  readonly key: Secret;
}

/** What a driver is made with, beside the configuration. */
export interface ProxyDeps {
  readonly clock: Clock;
  readonly log: DriverLog;
  readonly circuits: Circuits;
}

/** Certificates and HTTP-01 answers carry no mark: only the agent writes them. */
export interface ProxyDriver {
  /** Resolves when the proxy serves the record; on refusal the old configuration goes on being served. */
  ensureHost(host: ProxyHost, call: DriverCall): Promise<void>;
  /** Resolves when the proxy no longer serves it. */
  removeHost(mark: Mark, call: DriverCall): Promise<void>;
  find(mark: Mark, call: DriverCall): Promise<ProxyHost | undefined>;
  list(call: DriverCall): Promise<readonly ProxyHost[]>;
  /**
   * Replaces the one of this id. Resolves when visitors of its names get it; when they do not, the former state is
   * put back.
   */
  ensureCertificate(certificate: ProxyCertificate, call: DriverCall): Promise<void>;
  removeCertificate(id: string, call: DriverCall): Promise<void>;
  /** Ids of all that are there. */
  listCertificates(call: DriverCall): Promise<readonly string[]>;
  /**
   * From when it resolves, plain HTTP answers `content` under `/.well-known/acme-challenge/<token>`, for every name.
   */
  ensureChallenge(token: string, content: string, call: DriverCall): Promise<void>;
  removeChallenge(token: string, call: DriverCall): Promise<void>;
  close(): Promise<void>;
}
