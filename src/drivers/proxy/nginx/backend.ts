/**
 * The common interface of the two back ends: an nginx on this machine, and an nginx on a host that can be reached only
 * through a forced SSH command.
 */
import type { AgentError } from '../../../kernel/errors.js';
import type { ProxyCertificate } from '../contract.js';
import type { CertificateEntry } from './certificates.js';
import type { Change } from './changes.js';
import type { ServedCertificate } from '../../shared/served-certificate.js';
import type { Records } from './records.js';

export type Refuse<C> = (change: C, error: AgentError) => void;

export interface Publishing {
  records(): Promise<Records>;
  /**
   * Resolves when nginx serves every change that it did not reject. Throws `proxy_unreachable` if nginx does not serve
   * them; this error applies to all changes that nginx did not reject. When `stop` aborts, all waits end, and the
   * changes that were saved by then are loaded at the next start.
   */
  publish<C extends Change>(changes: readonly C[], refuse: Refuse<C>, stop: AbortSignal): Promise<void>;
}

export interface NginxBackend extends Publishing {
  /**
   * Writes the certificate and its key. No record may refer to them yet. Throws `proxy_failed` if the key does not
   * match the certificate.
   */
  writePair(certificate: ProxyCertificate): Promise<CertificateEntry>;
  /** Removes all certificates and keys of this ID except `kept`. */
  removePairs(id: string, kept?: string): Promise<void>;
  writeChallenge(token: string, content: string): Promise<void>;
  removeChallenge(token: string): Promise<void>;
  readonly presented: ServedCertificate;
  close(): Promise<void>;
}
