/**
 * The contract of a certificate authority. Throws AgentError `certificate_refused`, `authority_refused`,
 * `certificate_unreachable`, `aborted`.
 */
import type { Clock } from '../../kernel/clock.js';
import type { Secret } from '../../kernel/secret.js';
import type { Circuits } from '../shared/circuit.js';

export interface IssuerCall {
  readonly signal: AbortSignal;
}

/**
 * Where the responses to HTTP-01 challenges are published, so that the authority finds them on port 80 of the names.
 */
export interface Challenges {
  put(token: string, content: string): Promise<void>;
  remove(token: string): Promise<void>;
}

export interface IssuedCertificate {
  /** PEM, with the server's own certificate first. */
  readonly chain: string;
  readonly key: Secret;
  /** RFC 3339 */
  readonly issuedAt: string;
  readonly expiresAt: string;
}

/** What a driver gets in addition to its configuration. */
export interface IssuerDeps {
  readonly clock: Clock;
  /** Accounts at certificate authorities. */
  readonly accounts: AccountStore;
  readonly circuits: Circuits;
}

export interface CertificateIssuer {
  /** `none`: there is no authority, and `issue` always throws. */
  readonly kind: 'acme' | 'local' | 'none';
  /** The authority's names in CAA records; empty: CAA is not checked. */
  readonly caaIdentities: readonly string[];
  /**
   * Issues one certificate for all of these names; the first becomes its common name. Every certificate gets a new
   * key. For `certificate_refused`, `fields` contains the names that the authority objects to, each with a sentence,
   * if the authority named them.
   */
  issue(names: readonly string[], challenges: Challenges, call: IssuerCall): Promise<IssuedCertificate>;
  close(): Promise<void>;
}

/** Our account at an authority, as it is stored. */
export interface KeptAccount {
  readonly key: Secret;
  /** The account's URL at the authority; null before it was created there. */
  readonly url: string | null;
}

export interface AccountStore {
  find(directoryUrl: string): KeptAccount | undefined;
  save(directoryUrl: string, account: KeptAccount): Promise<void>;
}
