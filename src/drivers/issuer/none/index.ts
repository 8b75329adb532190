/** The issuer `none` issues no certificates. The proxy serves custom domains only with its own certificate. */
import { AgentError } from '../../../kernel/errors.js';
import type { CertificateIssuer } from '../contract.js';

export const driver = (): CertificateIssuer => noIssuer();

export function noIssuer(): CertificateIssuer {
  return {
    kind: 'none',
    caaIdentities: [],
    issue: async () => {
      throw new AgentError('certificate_refused', 'No certificate authority is configured.');
    },
    close: async () => {},
  };
}
