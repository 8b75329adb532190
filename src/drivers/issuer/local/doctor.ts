/** Checks how long the certificate of the local CA is valid. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../../kernel/clock.js';
import { type DriverDoctor, ok, type Verdict, word, wrong } from '../../shared/doctor/check.js';
import type { LocalCaSettings } from './config.js';

interface Parts {
  readonly configFile: string;
  readonly config: LocalCaSettings;
  readonly clock: Clock;
}

export function doctor(parts: Parts): DriverDoctor {
  return {
    checks: [
      {
        name: 'acme',
        title: 'certificate authority',
        after: [],
        look: [`# in ${parts.configFile}: domains.local_ca`],
        run: () => checkCa(parts),
      },
    ],
    close: async () => {},
  };
}

async function checkCa({ config, clock }: Parts): Promise<Verdict> {
  const { local_ca: local } = config.domains;
  if (!local) throw new Error('domains.local_ca is missing');
  const { validTo } = new X509Certificate(await readFile(local.certificate_file));
  if (Date.parse(validTo) < clock.now())
    return wrong(
      `the local CA expired on ${validTo}`,
      `openssl x509 -noout -dates -in ${word(local.certificate_file)}`,
    );
  return ok('ACME is disabled; the local CA issues certificates');
}
