/** Finds out who calls: by a bearer token on the network, by being let into the folder at the unix socket. */
import { timingSafeEqual } from 'node:crypto';
import bearerAuth from '@fastify/bearer-auth';
import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import ipaddr from 'ipaddr.js';
import { AgentError } from '../domain/errors.js';
import { ID_PATTERN } from '../domain/service.js';
import { type Caller, mayDo } from '../operations/caller.js';
import { invalid } from '../operations/check-order.js';
import type { OperationContext } from '../operations/context.js';
import { isPermission, type Permission, PERMISSIONS } from '../operations/permissions.js';
import { hashToken, isLive } from '../operations/tokens.js';
import type { App } from './app-type.js';
import type { Access } from './access.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null until the caller is known. */
    caller: Caller | null;
    /** False once the caller's token was revoked or has expired; for streams, which outlive the check at their start. */
    stillAllowed: (() => boolean) | null;
  }
}

interface Known {
  readonly id: string;
  readonly name: string;
  readonly panel: string;
  readonly permissions: ReadonlySet<Permission>;
  readonly hash: Buffer;
  readonly networks: readonly string[];
  isLive(): boolean;
}

/** Throws when the request has no caller, which only a public route may meet. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller) return request.caller;
  throw new AgentError('unauthorized', 'A bearer token is needed.');
}

/** The hook of one route at this door. */
export type Guard = (access: Access) => onRequestHookHandler;

export async function makeNetworkGuard(app: App, context: OperationContext): Promise<Guard> {
  const lookUp = makeLookUp(context);
  await app.register(bearerAuth, {
    keys: new Set<string>(),
    addHook: false,
    specCompliance: 'rfc6749',
    verifyErrorLogLevel: 'debug',
    auth: (text, request) => admit(lookUp(text), request),
  });
  const { verifyBearerAuth } = app;
  if (!verifyBearerAuth) throw new Error('@fastify/bearer-auth was not registered');
  return (access) =>
    function guard(request, reply, done) {
      if (access === 'public') {
        done();
        return;
      }
      verifyBearerAuth(request, reply, (error) => {
        if (error) done(error);
        else done(mayDo(callerOf(request), access) ? undefined : forbidden());
      });
    };
}

/** At the socket everybody is the operator, for the panel named by `?panel=` or the header `innkeeper-panel`. */
export function makeSocketGuard(): Guard {
  const permissions = new Set(PERMISSIONS);
  return () =>
    function guard(request, _reply, done) {
      const panel = panelOf(request);
      if (!ID_PATTERN.test(panel)) {
        done(invalid({ panel: 'must be the name of a panel' }));
        return;
      }
      request.caller = { name: 'socket', panel, permissions, requestId: request.id };
      done();
    };
}

function panelOf(request: FastifyRequest): string {
  const header = request.headers['innkeeper-panel'];
  if (typeof header === 'string') return header;
  const query: unknown = request.query;
  const named: unknown =
    typeof query === 'object' && query !== null ? Reflect.get(query, 'panel') : undefined;
  return typeof named === 'string' ? named : 'default';
}

function admit(token: Known | undefined, request: FastifyRequest): boolean {
  if (!token) return false;
  if (!isFrom(request.ip, token.networks)) {
    request.log.warn(
      { token: token.name, from: request.ip },
      'token used from a network it is not meant for',
    );
    return false;
  }
  request.caller = {
    name: token.name,
    panel: token.panel,
    permissions: token.permissions,
    requestId: request.id,
  };
  request.stillAllowed = () => token.isLive();
  return true;
}

const forbidden = (): AgentError => new AgentError('forbidden', 'This token may not make this call.');

/** Every live token is compared, in constant time, so that the time taken says nothing about how near a guess came. */
function makeLookUp({ state, config, clock }: OperationContext): (text: string) => Known | undefined {
  const configured = config.api.tokens.map((token): Known => ({
    ...token,
    id: `config:${token.name}`,
    permissions: new Set(token.permissions.filter(isPermission)),
    hash: hashToken(token.secret.reveal()),
    networks: [],
    isLive: () => true,
  }));
  const stored = new WeakMap<object, Known>();
  const storedTokens = (): Known[] =>
    state.tokens.list().map((token) => {
      const made: Known = stored.get(token) ?? {
        ...token,
        permissions: new Set(token.permissions.filter(isPermission)),
        hash: Buffer.from(token.sha256, 'hex'),
        isLive: () => isLive(state.tokens.find(token.id) ?? token, clock.now()),
      };
      stored.set(token, made);
      return made;
    });
  return (text) => {
    const hash = hashToken(text);
    let found: Known | undefined;
    for (const token of [...configured, ...storedTokens()]) {
      const same = token.hash.length === hash.length && timingSafeEqual(token.hash, hash);
      if (same && token.isLive()) found = token;
    }
    return found;
  };
}

function isFrom(address: string, networks: readonly string[]): boolean {
  if (networks.length === 0) return true;
  if (!ipaddr.isValid(address)) return false;
  const from = ipaddr.process(address);
  return networks.some((network) => {
    const [range, bits] = ipaddr.parseCIDR(network);
    return range.kind() === from.kind() && from.match(range, bits);
  });
}
