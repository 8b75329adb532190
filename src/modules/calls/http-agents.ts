/** The HTTP connections of modules, with the certificates that each server must have. */
import { createHash } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { Agent, buildConnector } from 'undici';
import type { HttpRequest } from '../kit/module-call-types.js';
import { type IsPublic, publicLookup, refusePrivate } from './public-addresses.js';

export interface HttpAgents {
  /** Requests with the same trust share connections. */
  of(request: Pick<HttpRequest, 'tls' | 'publicOnly'>): Agent;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** The agents that were used last keep their connections. The connections of the others are closed. */
const MOST_AGENTS = 32;
const CONNECT_MS = 10_000;
const IDLE_MS = 10_000;
const HEADER_BYTES = 16_384;

export function httpAgents(isPublic: IsPublic): HttpAgents {
  const agents = new LRUCache<string, Agent>({
    max: MOST_AGENTS,
    // requests in progress end normally
    dispose: (agent) => void agent.close().catch(() => undefined),
  });
  return {
    of({ tls = {}, publicOnly = false }) {
      const name = createHash('sha256').update(JSON.stringify([tls.ca, tls.fingerprint, publicOnly]));
      const key = name.digest('hex');
      const agent = agents.get(key) ?? makeAgent(tls, publicOnly ? isPublic : undefined);
      agents.set(key, agent);
      return agent;
    },
    async close() {
      const all = [...agents.values()];
      agents.clear();
      await Promise.all(all.map((agent) => agent.destroy().catch(() => undefined)));
    },
  };
}

function makeAgent({ ca, fingerprint }: NonNullable<HttpRequest['tls']>, isPublic?: IsPublic): Agent {
  const connector = buildConnector({
    timeout: CONNECT_MS,
    // a resumed session does not show the certificate
    maxCachedSessions: 0,
    allowH2: false,
    ...(ca === undefined ? {} : { ca }),
    ...(isPublic ? { lookup: publicLookup(isPublic) } : {}),
    // the certificate is compared below
    ...(fingerprint === undefined ? {} : { rejectUnauthorized: false }),
  });
  return new Agent({
    connect(options, callback) {
      try {
        if (isPublic) refusePrivate(options.hostname, isPublic);
      } catch (error) {
        callback(error as Error, null);
        return;
      }
      connector(options, (...connected) => {
        const [, socket] = connected;
        if (socket === null || fingerprint === undefined || hasFingerprint(socket, fingerprint)) {
          callback(...connected);
          return;
        }
        socket.destroy();
        callback(new Error('the certificate of the server does not have the expected fingerprint'), null);
      });
    },
    keepAliveTimeout: IDLE_MS,
    maxHeaderSize: HEADER_BYTES,
    connections: 8,
    pipelining: 1,
  });
}

/** False for a connection without TLS too, because a fingerprint was expected. */
function hasFingerprint(socket: object, fingerprint: string): boolean {
  if (!(socket instanceof TLSSocket)) return false;
  const { fingerprint256 } = socket.getPeerCertificate();
  return bare(fingerprint256) === bare(fingerprint);
}

const bare = (fingerprint: string | undefined): string =>
  (fingerprint ?? '').replaceAll(':', '').toLowerCase();
