/**
 * The contract of a certificate authority. Its calls throw AgentError `certificate_refused`, `authority_refused`,
 * `certificate_unreachable`, `aborted`.
 */
import type { Clock } from '../../kernel/clock.js';
import type { Secret } from '../../kernel/secret.js';
import type { Circuits } from '../shared/circuit.js';

export interface IssuerCall {
  readonly signal: AbortSignal;
}

/** Publishes the responses to HTTP-01 challenges, so that the authority can request them on port 80 of the names. */
export interface Challenges {
  put(token: string, content: string): Promise<void>;
  remove(token: string): Promise<void>;
}

export interface IssuedCertificate {
  /** The certificate chain in PEM format, with the server's own certificate first. */
  readonly chain: string;
  readonly key: Secret;
  /** RFC 3339 */
  readonly issuedAt: string;
  readonly expiresAt: string;
}

/** The arguments that a driver gets in addition to its configuration. */
export interface IssuerDeps {
  readonly clock: Clock;
  /** Accounts at certificate authorities. */
  readonly accounts: AccountStore;
  readonly circuits: Circuits;
}

export interface CertificateIssuer {
  /** The value `none` means that there is no authority. In this case, `issue` always throws. */
  readonly kind: 'acme' | 'local' | 'none';
  /** The authority's names in CAA records. If the list is empty, CAA records are not checked. */
  readonly caaIdentities: readonly string[];
  /**
   * Issues one certificate for all of these names. The first name becomes the common name. Every certificate gets a
   * new key. If the authority refuses some of the names and lists them, `fields` of the error `certificate_refused`
   * contains these names, each with the reason as a sentence.
   */
  issue(names: readonly string[], challenges: Challenges, call: IssuerCall): Promise<IssuedCertificate>;
  close(): Promise<void>;
}

/** Our account at an authority, as it is stored. */
export interface KeptAccount {
  readonly key: Secret;
  /** The URL of the account at the authority. Null until the account is created there. */
  readonly url: string | null;
}

export interface AccountStore {
  find(directoryUrl: string): KeptAccount | undefined;
  save(directoryUrl: string, account: KeptAccount): Promise<void>;
}
