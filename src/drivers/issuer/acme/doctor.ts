/** Checks that the directory of the certificate authority responds. */
import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { Type } from 'typebox';
import { lazyCheck } from '../../../kernel/lazy-check.js';
import { Agent, request } from 'undici';
import { type DriverDoctor, ok, type Verdict, warning, wrong, word } from '../../shared/doctor/check.js';
import type { AcmeConfig, AcmeSettings } from './config.js';

const Directory = lazyCheck(
  Type.Object({ newNonce: Type.String(), newAccount: Type.String(), newOrder: Type.String() }),
);
const CONNECT_MS = 5_000;

export function doctor({ config }: { readonly config: AcmeSettings }): DriverDoctor {
  const { acme } = config.domains;
  return {
    checks: [
      {
        name: 'acme',
        title: 'certificate authority',
        after: [],
        look: [`curl -sI ${word(acme.directory_url)}`],
        run: (signal) => checkDirectory(acme, signal),
      },
    ],
    close: async () => {},
  };
}

async function checkDirectory(
  { directory_url: url, ca_file: caFile }: AcmeConfig,
  signal: AbortSignal,
): Promise<Verdict> {
  const ca = caFile === null ? {} : { ca: [...rootCertificates, await readFile(caFile, 'utf8')] };
  const dispatcher = new Agent({ connect: { timeout: CONNECT_MS, ...ca } });
  const look = `curl -s ${caFile === null ? '' : `--cacert ${word(caFile)} `}${word(url)}`;
  try {
    const answer = await request(url, { dispatcher, signal });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) return wrong(`${url} responds with ${answer.statusCode}`, look);
    return isDirectory(text)
      ? ok(`${url} responds`)
      : wrong(`the response from ${url} is not an ACME directory`, look);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    // This is only a warning, because sites under the base domain do not need the authority, and outages of some
    // minutes are common.
    return warning(`${url} does not respond: ${said}`, look);
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
