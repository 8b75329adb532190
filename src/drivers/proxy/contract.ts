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
  /** Lower-case A-label names. No other record may hold one of them. */
  readonly names: readonly string[];
  /** Strictly validated: an IP address and a port. */
  readonly upstream: { readonly address: string; readonly port: number };
  readonly state: ProxyState;
}

/**
 * A certificate for names that the proxy's own certificate (such as a wildcard for the base domain) does not cover.
 */
export interface ProxyCertificate {
  /** 1-64 of lower-case letters and digits. */
  readonly id: string;
  /** Lower-case A-label names that it is shown for. No other certificate may hold one of them. */
  readonly names: readonly string[];
  /** PEM, with the server's own certificate first. */
  readonly chain: string;
  /** PEM */
  readonly key: Secret;
}

/** What a driver gets in addition to its configuration. */
export interface ProxyDeps {
  readonly clock: Clock;
  readonly log: DriverLog;
  readonly circuits: Circuits;
}

/** Certificates and responses to HTTP-01 challenges carry no mark, because only the agent writes them. */
export interface ProxyDriver {
  /** Resolves when the proxy serves the record; after a refusal the old configuration stays in use. */
  ensureHost(host: ProxyHost, call: DriverCall): Promise<void>;
  /** Resolves when the proxy no longer serves it. */
  removeHost(mark: Mark, call: DriverCall): Promise<void>;
  find(mark: Mark, call: DriverCall): Promise<ProxyHost | undefined>;
  list(call: DriverCall): Promise<readonly ProxyHost[]>;
  /**
   * Replaces the certificate with this ID. Resolves when visitors of its names get it; if they do not, the former
   * state is restored.
   */
  ensureCertificate(certificate: ProxyCertificate, call: DriverCall): Promise<void>;
  removeCertificate(id: string, call: DriverCall): Promise<void>;
  /** The IDs of all certificates. */
  listCertificates(call: DriverCall): Promise<readonly string[]>;
  /** After it resolves, plain HTTP returns `content` under `/.well-known/acme-challenge/<token>` for every name. */
  ensureChallenge(token: string, content: string, call: DriverCall): Promise<void>;
  removeChallenge(token: string, call: DriverCall): Promise<void>;
  close(): Promise<void>;
}
