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

/** Where the answers to HTTP-01 challenges are put, so that the authority finds them on port 80 of the names. */
export interface Challenges {
  put(token: string, content: string): Promise<void>;
  remove(token: string): Promise<void>;
}

export interface IssuedCertificate {
  /** PEM, the server's own first. */
  readonly chain: string;
  readonly key: Secret;
  /** RFC 3339 */
  readonly issuedAt: string;
  readonly expiresAt: string;
}

/** What an issuer is made with, beside the configuration. */
export interface IssuerDeps {
  readonly clock: Clock;
  /** Accounts at certificate authorities. */
  readonly accounts: AccountStore;
  readonly circuits: Circuits;
}

export interface CertificateIssuer {
  /** `none`: nobody issues, `issue` always throws. */
  readonly kind: 'acme' | 'local' | 'none';
  /** The authority's names in CAA records; empty: they are not looked at. */
  readonly caaIdentities: readonly string[];
  /**
   * One certificate for all of these names; the first names it. A key of its own each time. `certificate_refused` has
   * the names that the authority has something against in `fields`, each with a sentence, where it said which.
   */
  issue(names: readonly string[], challenges: Challenges, call: IssuerCall): Promise<IssuedCertificate>;
  close(): Promise<void>;
}

/** Our account at an authority, as it is kept. */
export interface KeptAccount {
  readonly key: Secret;
  /** What the authority calls it; null before it was made there. */
  readonly url: string | null;
}

export interface AccountStore {
  find(directoryUrl: string): KeptAccount | undefined;
  save(directoryUrl: string, account: KeptAccount): Promise<void>;
}
