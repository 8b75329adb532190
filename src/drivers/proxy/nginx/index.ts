/**
 * The reverse proxy driver `nginx`, for nginx on this machine or on another machine over SSH. render.ts describes how
 * an operator includes the rendered file.
 */
import { onAbort } from '../../../kernel/async/on-abort.js';
import type { Clock } from '../../../kernel/clock.js';
import { AgentError } from '../../../kernel/errors.js';
import { type Mark, sameMark } from '../../../kernel/mark.js';
import { abortError, throwIfAborted } from '../../shared/abort.js';
import type { Circuit } from '../../shared/circuit.js';
import type { DriverLog } from '../../shared/log.js';
import type { ProxyCertificate, ProxyDeps, ProxyDriver, ProxyHost } from '../contract.js';
import type { Change } from './changes.js';
import { BatchWriter, type QueuedChange } from './batch-writer.js';
import { localBackend } from './local-backend.js';
import type { NginxBackend } from './backend.js';
import { type ServedCertificate, waitForCertificate } from '../../shared/served-certificate.js';
import { checkHost, fileNameOf, refused } from './record.js';
import type { NginxConfig, NginxSettings } from './config.js';
import { remotePlace } from './remote/index.js';

export function driver({ proxy }: NginxSettings, { clock, log, circuits }: ProxyDeps): ProxyDriver {
  const place = proxy.ssh ? { place: remotePlace(proxy.ssh, proxy.door, { clock }) } : {};
  const circuit = circuits.of('proxy', 'reverse proxy');
  return nginxProxyDriver(proxy.nginx, { clock, log, circuit, ...place });
}

/**
 * Starts at once to load the stored records into nginx. If this fails, the failure is only logged, because every later
 * call tries again.
 */
export function nginxProxyDriver(
  config: NginxConfig,
  deps: {
    readonly clock: Clock;
    readonly log: DriverLog;
    readonly presented?: ServedCertificate;
    readonly circuit?: Circuit;
    readonly place?: NginxBackend;
  },
): ProxyDriver {
  const place = deps.place ?? localBackend(config, deps);
  const presented = deps.presented ?? place.presented;
  const writer = new BatchWriter(place, deps.clock, deps.circuit);
  let closed = false;
  writer.add({
    kind: 'nothing',
    settle: (error) => {
      if (error && !closed)
        deps.log.warn({ err: error, detail: error.detail }, 'the reverse proxy is not up to date');
    },
  });

  const refuseClosed = (): void => {
    if (closed) throw new AgentError('aborted', 'The agent is stopping.');
  };

  const carryOut = async (change: Change, signal: AbortSignal): Promise<void> => {
    throwIfAborted(signal, 'proxy_unreachable', 'waiting for the reverse proxy');
    refuseClosed();
    await new Promise<void>((resolve, reject) => {
      const forget = onAbort(signal, () => {
        // Once a batch contains the change, the call waits until the batch has ended, so that the outcome is known.
        // The deadlines of the batch limit this wait.
        if (!writer.withdraw(asked)) return;
        reject(abortError(signal, 'proxy_unreachable', 'waiting for the reverse proxy'));
      });
      const settle = (error?: AgentError): void => {
        forget();
        if (error) reject(error);
        else resolve();
      };
      const asked: QueuedChange = { ...change, settle };
      writer.add(asked);
    });
  };

  const find = async (mark: Mark): Promise<ProxyHost | undefined> => {
    const found = (await place.records()).sites.get(fileNameOf(mark));
    return found && sameMark(found.mark, mark) ? found : undefined;
  };

  const certify = async (certificate: ProxyCertificate, signal: AbortSignal): Promise<void> => {
    const { id, names, chain } = certificate;
    refuseClosed();
    const before = (await place.records()).certificates.get(id);
    const entry = await place.writePair(certificate);
    try {
      await carryOut({ kind: 'putCertificate', entry }, signal);
      const found = await waitForCertificate(presented, names[0] ?? '', chain, deps.clock, signal);
      if (found !== undefined) {
        await carryOut(
          before ? { kind: 'putCertificate', entry: before } : { kind: 'removeCertificate', id },
          signal,
        );
        throw refused(
          `visitors of ${names[0] ?? ''} get ${found} instead of the new certificate: nginx's workers must ` +
            `be able to read the key files, which have the owner, group and mode of ${config.certificate_key_file}`,
        );
      }
    } catch (error) {
      // The agent is stopping. Everything that was published stays published. The driver checks it again after the
      // next start.
      if (signal.aborted) throw abortError(signal, 'proxy_unreachable', 'waiting for the new certificate');
      const kept = (await place.records()).certificates.get(id)?.file;
      if (kept !== entry.file) await place.removePairs(id, kept);
      throw error;
    }
    await place.removePairs(id, entry.file);
  };

  return {
    ensureHost: async (host, call) => carryOut({ kind: 'put', host: checkHost(host) }, call.signal),
    removeHost: async (mark, call) => {
      fileNameOf(mark);
      await carryOut({ kind: 'remove', mark }, call.signal);
    },
    find,
    list: async () => [...(await place.records()).sites.values()],
    ensureCertificate: (certificate, call) => certify(certificate, call.signal),
    async removeCertificate(id, call) {
      await carryOut({ kind: 'removeCertificate', id }, call.signal);
      await place.removePairs(id);
    },
    listCertificates: async () => [...(await place.records()).certificates.keys()],
    async ensureChallenge(token, content) {
      refuseClosed();
      await place.writeChallenge(token, content);
    },
    removeChallenge: (token) => place.removeChallenge(token),
    async close() {
      closed = true;
      for (const asked of await writer.stop())
        asked.settle(new AgentError('aborted', 'The agent is stopping.'));
      await place.close();
    },
  };
}
