/** Checks the API's certificate. If the API has none, checks how it is protected instead. */
import { type Check, ok, type Verdict, warning, word, worst } from '../../drivers/shared/doctor/check.js';
import type { DoctorParts } from '../parts.js';
import { daysLeft, judgeTime, lookAtFiles } from '../../drivers/shared/doctor/certificate-files.js';

export function apiChecks(parts: DoctorParts): Check[] {
  const { host, port, tls } = parts.config.api;
  return [
    {
      name: 'api.certificate',
      title: "the API's certificate",
      after: [],
      look: [`openssl s_client -connect ${word(host)}:${port} </dev/null`],
      run: async () => (tls ? checkFiles(parts, tls) : withoutTls(parts)),
    },
  ];
}

function withoutTls({ config, configFile }: DoctorParts): Verdict {
  const { host, trusted_proxies: proxies } = config.api;
  if (/^127\.|^::1$/.test(host)) return ok(`none: the API listens only on ${host}`);
  if (proxies.length > 0) return ok(`none: ${proxies.join(', ')} provides TLS`);
  return warning(
    `none: tokens are sent unencrypted over the network to ${host}`,
    `# in ${configFile}: set api.tls, or set api.host to 127.0.0.1 and list a proxy with TLS in api.trusted_proxies`,
  );
}

async function checkFiles(
  { clock }: DoctorParts,
  { cert_file: file, key_file: keyFile }: NonNullable<DoctorParts['config']['api']['tls']>,
): Promise<Verdict> {
  const renew = `# replace ${file} and ${keyFile} with a new certificate and key; they are loaded within a minute`;
  const looked = await lookAtFiles({ file, keyFile, renew });
  if ('unreadable' in looked) return looked.unreadable;
  const { certificate, verdicts } = looked;
  const names = certificate.subjectAltName ?? certificate.subject;
  return worst(
    [...verdicts, ...judgeTime(certificate, clock, renew)],
    ok(`for ${names}, expires in ${daysLeft(certificate, clock)} days`),
  );
}
