/**
 * Manages an nginx that the daemon cannot change directly. The nginx may run on this host or on another one. The
 * daemon calls systemd/innkeeper-proxy on that host over SSH.
 */
import { createHash } from 'node:crypto';
import type { PublicEndpointConfig } from '../../../web/public-endpoint/config.js';
import type { ProxySsh } from '../../ssh-config.js';
import type { Clock } from '../../../../kernel/clock.js';
import type { ProxyCertificate } from '../../contract.js';
import type { CertificateEntry } from '../certificates.js';
import type { NginxBackend } from '../backend.js';
import { fetchServedCertificate } from '../../../shared/served-certificate.js';
import { checkName, refused } from '../record.js';
import { RemoteCommands } from './commands.js';
import { RemotePublisher } from './publish.js';

const ID = /^[a-z0-9]{1,64}$/;
const TOKEN = /^[A-Za-z0-9_-]{1,200}$/;

export function remotePlace(
  ssh: ProxySsh,
  endpoint: PublicEndpointConfig,
  { clock }: { readonly clock: Clock },
): NginxBackend {
  const commands = new RemoteCommands(ssh);
  const publisher = new RemotePublisher(commands, clock);
  return {
    records: () => publisher.records(),
    publish: (changes, refuse, stop) => publisher.publish(changes, refuse, stop),
    async writePair(certificate) {
      const entry = entryOf(certificate);
      const ended = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);
      const pair = ended(certificate.chain) + ended(certificate.key.reveal());
      await commands.call(`put-pair ${entry.file}`, pair.replace(/\r/g, '').replace(/\n{2,}/g, '\n'));
      return entry;
    },
    async removePairs(id, kept) {
      await commands.call(`remove-pairs ${checked(ID, id)}${kept === undefined ? '' : ` ${kept}`}`);
    },
    async writeChallenge(token, content) {
      await commands.call(`put-challenge ${checked(TOKEN, token)}`, content);
    },
    async removeChallenge(token) {
      await commands.call(`remove-challenge ${checked(TOKEN, token)}`);
    },
    presented: fetchServedCertificate({ listen: [endpoint.address], https_port: endpoint.https_port }),
    close: () => commands.close(),
  };
}

function entryOf({ id, names, chain }: ProxyCertificate): CertificateEntry {
  if (names.length === 0) throw refused('a certificate without names');
  names.forEach(checkName);
  const digest = createHash('sha256').update(chain).digest('hex').slice(0, 16);
  return { id: checked(ID, id), names: [...names], file: `${id}-${digest}` };
}

function checked(pattern: RegExp, text: string): string {
  if (!pattern.test(text)) throw refused(`not an id or a token: ${JSON.stringify(text)}`);
  return text;
}
