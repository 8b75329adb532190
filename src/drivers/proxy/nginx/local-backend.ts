/**
 * Manages an nginx on this machine. The daemon itself writes the files of the configuration and runs nginx's commands.
 */
import { removePairs, writePair } from './certificates.js';
import { challenges } from './challenges.js';
import type { NginxBackend } from './backend.js';
import { fetchServedCertificate } from '../../shared/served-certificate.js';
import { Publisher, type PublishDeps } from './publish.js';
import type { NginxConfig } from './config.js';

export function localBackend(config: NginxConfig, deps: PublishDeps): NginxBackend {
  const publisher = new Publisher(config, deps);
  const challengeFiles = challenges(config, deps.clock);
  return {
    records: () => publisher.records(),
    publish: (changes, refuse, stop) => publisher.publish(changes, refuse, stop),
    writePair: (certificate) => writePair(config, certificate),
    removePairs: (id, kept) => removePairs(config, id, kept),
    writeChallenge: (token, content) => challengeFiles.write(token, content),
    removeChallenge: (token) => challengeFiles.remove(token),
    presented: fetchServedCertificate(config),
    close: () => Promise.resolve(),
  };
}
