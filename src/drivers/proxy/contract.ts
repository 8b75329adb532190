/**
 * The contract of the reverse proxy. Its calls throw AgentError `proxy_unreachable`, `proxy_refused`, `proxy_failed`,
 * `foreign_object`, `aborted`.
 */
import type { Clock } from '../../kernel/clock.js';
import type { Mark } from '../../kernel/mark.js';
import type { ProxyState } from '../../model/proxy-state.js';
import type { Secret } from '../../kernel/secret.js';
import type { DriverCall } from '../shared/call.js';
import type { Circuits } from '../shared/circuit.js';
import type { DriverLog } from '../shared/log.js';

/** The record with all names under which the proxy serves a service. Each generation of a service has one record. */
export interface ProxyHost {
  readonly mark: Mark;
  /** The names as A-labels in lower case. No other record may contain one of them. */
  readonly names: readonly string[];
  /** An IP address and a port. The driver strictly validates both. */
  readonly upstream: { readonly address: string; readonly port: number };
  readonly state: ProxyState;
}

/**
 * A certificate for names that the proxy's own certificate (such as a wildcard for the base domain) does not cover.
 */
export interface ProxyCertificate {
  /** The ID consists of 1 to 64 lower-case letters and digits. */
  readonly id: string;
  /**
   * The names for which the certificate is served, as A-labels in lower case. No other certificate may contain one of
   * them.
   */
  readonly names: readonly string[];
  /** The certificate chain in PEM format, with the server's own certificate first. */
  readonly chain: string;
  /** PEM */
  readonly key: Secret;
}

/** The arguments that a driver gets in addition to its configuration. */
export interface ProxyDeps {
  readonly clock: Clock;
  readonly log: DriverLog;
  readonly circuits: Circuits;
}

/** Certificates and responses to HTTP-01 challenges have no mark of an owner, because no other client writes them. */
export interface ProxyDriver {
  /**
   * Resolves when the proxy serves the record. If the proxy rejects the record, the proxy continues with the previous
   * configuration.
   */
  ensureHost(host: ProxyHost, call: DriverCall): Promise<void>;
  /** Resolves when the proxy no longer serves the record. */
  removeHost(mark: Mark, call: DriverCall): Promise<void>;
  find(mark: Mark, call: DriverCall): Promise<ProxyHost | undefined>;
  list(call: DriverCall): Promise<readonly ProxyHost[]>;
  /**
   * Replaces the certificate with this ID. Resolves when the proxy serves the new certificate for its names. If it
   * does not, the previous certificate is restored.
   */
  ensureCertificate(certificate: ProxyCertificate, call: DriverCall): Promise<void>;
  removeCertificate(id: string, call: DriverCall): Promise<void>;
  /** Returns the IDs of all certificates. */
  listCertificates(call: DriverCall): Promise<readonly string[]>;
  /**
   * Once the promise resolves, the proxy responds with `content` to plain HTTP requests for
   * `/.well-known/acme-challenge/<token>` at every name.
   */
  ensureChallenge(token: string, content: string, call: DriverCall): Promise<void>;
  removeChallenge(token: string, call: DriverCall): Promise<void>;
  close(): Promise<void>;
}
