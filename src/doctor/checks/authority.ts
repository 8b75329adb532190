/** Where certificates of customers' own domains come from. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Agent, request } from 'undici';
import { type Check, ok, type Verdict, warning, wrong, word } from '../check.js';
import type { DoctorParts } from '../parts.js';

const Directory = Compile(
  Type.Object({ newNonce: Type.String(), newAccount: Type.String(), newOrder: Type.String() }),
);
const CONNECT_MS = 5_000;

export function authorityChecks(parts: DoctorParts): Check[] {
  return [
    {
      name: 'acme',
      title: 'certificate authority',
      after: [],
      look: parts.config.domains.acme.enabled
        ? [`curl -sI ${word(parts.config.domains.acme.directory_url)}`]
        : [`# in ${parts.configFile}: domains.local_ca`],
      run: (signal) => checkAuthority(parts, signal),
    },
  ];
}

async function checkAuthority({ config, clock }: DoctorParts, signal: AbortSignal): Promise<Verdict> {
  const { acme, local_ca: local } = config.domains;
  if (acme.enabled) return checkDirectory(acme, signal);
  if (!local) return ok("ACME is off: customers' domains get no certificates");
  const { validTo } = new X509Certificate(await readFile(local.certificate_file));
  if (Date.parse(validTo) < clock.now())
    return wrong(
      `the local CA ended on ${validTo}`,
      `openssl x509 -noout -dates -in ${word(local.certificate_file)}`,
    );
  return ok('ACME is off, the local CA issues');
}

async function checkDirectory(
  { directory_url: url, ca_file: caFile }: DoctorParts['config']['domains']['acme'],
  signal: AbortSignal,
): Promise<Verdict> {
  const ca = caFile === null ? {} : { ca: [...rootCertificates, await readFile(caFile, 'utf8')] };
  const dispatcher = new Agent({ connect: { timeout: CONNECT_MS, ...ca } });
  const look = `curl -s ${caFile === null ? '' : `--cacert ${word(caFile)} `}${word(url)}`;
  try {
    const answer = await request(url, { dispatcher, signal });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) return wrong(`${url} answers ${answer.statusCode}`, look);
    return isDirectory(text)
      ? ok(`${url} answers`)
      : wrong(`what answers at ${url} is no ACME directory`, look);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    // sites of the base domain do not need it, and it is often away for minutes
    return warning(`${url} does not answer: ${said}`, look);
  } finally {
    await dispatcher.destroy();
  }
}

function isDirectory(text: string): boolean {
  try {
    return Directory.Check(JSON.parse(text));
  } catch {
    return false;
  }
}
