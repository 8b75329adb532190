/**
 * The issuer `local` signs with a CA on this machine, for labs and the sandbox. It does not verify that the names
 * point to this installation, because the agent has checked this before.
 */
import type { Clock } from '../../../kernel/clock.js';
import { AgentError } from '../../../kernel/errors.js';
import type { CertificateIssuer, IssuerDeps } from '../contract.js';
import type { LocalCa, LocalCaSettings } from './config.js';

export function driver({ domains }: LocalCaSettings, { clock }: IssuerDeps): CertificateIssuer {
  if (!domains.local_ca) throw new Error('domains.local_ca is missing');
  return localIssuer(domains.local_ca, clock);
}

export function localIssuer(config: LocalCa, clock: Clock): CertificateIssuer {
  return {
    kind: 'local',
    caaIdentities: [],
    async issue(names) {
      try {
        const { sign } = await import('./local-sign.js');
        return await sign(config, names, clock.now());
      } catch (error) {
        throw new AgentError(
          'certificate_refused',
          'The local certificate authority cannot issue certificates.',
          {
            role: 'certificate authority',
            cause: error,
            detail: `domains.local_ca: ${error instanceof Error ? error.message : String(error)}`,
          },
        );
      }
    },
    close: async () => {},
  };
}
