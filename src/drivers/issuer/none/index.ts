/**
 * The issuer `none`, which issues no certificates: custom domains are served only with the proxy's own certificate.
 */
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
