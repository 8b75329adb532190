/** The interface for an nginx on this machine, or on a host that can be reached only through a forced SSH command. */
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
   * Resolves when nginx serves every change that was not refused. If this fails, throws `proxy_unreachable`, which
   * concerns all changes that were not refused. When `stop` aborts, all waits end, and the next start loads the
   * changes that were saved by then.
   */
  publish<C extends Change>(changes: readonly C[], refuse: Refuse<C>, stop: AbortSignal): Promise<void>;
}

export interface NginxBackend extends Publishing {
  /**
   * Writes the certificate and its key, to which no record refers yet. Throws `proxy_failed` if they cannot belong
   * together.
   */
  writePair(certificate: ProxyCertificate): Promise<CertificateEntry>;
  /** Removes all certificates and keys of this ID except `kept`. */
  removePairs(id: string, kept?: string): Promise<void>;
  writeChallenge(token: string, content: string): Promise<void>;
  removeChallenge(token: string): Promise<void>;
  readonly presented: ServedCertificate;
  close(): Promise<void>;
}
