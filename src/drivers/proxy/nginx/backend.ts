/** Where nginx runs: on this machine, or on a host that is reached only through a forced command of SSH. */
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
   * Resolves when nginx serves every change that was not refused. Throws `proxy_unreachable` for all changes that
   * were not refused. When `stop` aborts, all waits end: the next start loads what was saved by then.
   */
  publish<C extends Change>(changes: readonly C[], refuse: Refuse<C>, stop: AbortSignal): Promise<void>;
}

export interface NginxBackend extends Publishing {
  /** Writes the pair; nothing refers to it yet. Throws `proxy_failed` if it cannot be a pair. */
  writePair(certificate: ProxyCertificate): Promise<CertificateEntry>;
  /** Removes the pairs of this ID except `kept`. */
  removePairs(id: string, kept?: string): Promise<void>;
  writeChallenge(token: string, content: string): Promise<void>;
  removeChallenge(token: string): Promise<void>;
  readonly presented: ServedCertificate;
  close(): Promise<void>;
}
