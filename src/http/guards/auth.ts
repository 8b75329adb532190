/** Identifies the caller: by a bearer token on the network, by file permissions at the unix socket. */
import { timingSafeEqual } from 'node:crypto';
import bearerAuth from '@fastify/bearer-auth';
import type { FastifyRequest, onRequestHookHandler } from 'fastify';
import ipaddr from 'ipaddr.js';
import { AgentError } from '../../kernel/errors.js';
import { ID_PATTERN } from '../../model/service.js';
import { type Caller, mayDo } from '../../model/caller.js';
import { invalid } from '../../kernel/invalid.js';
import type { OperationContext } from '../../services/context.js';
import { isPermission, type Permission, PERMISSIONS } from '../../model/permissions.js';
import { hashesOf, hashToken, idOfConfigured, isHashLive } from '../../tokens/tokens.js';
import type { App } from '../server/app-type.js';
import type { MainThread } from '../server/main-thread.js';
import type { ApiToken } from '../../state/contract.js';
import type { Access, Limit } from './access.js';
import { callsAtOnce } from './calls-at-once.js';
import { mainThreadBudgets } from './main-thread-budget.js';
import { rateLimits } from './rate-limit.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Null until the caller is known. */
    caller: Caller | null;
    /**
     * Returns false once the caller's token is revoked or expired. Streams call this function repeatedly, because the
     * token is otherwise checked only at the start of a request.
     */
    stillAllowed: (() => boolean) | null;
    /** The ID of the token. A rotation does not change it. */
    tokenId: string | null;
    /** The user of the command line, as reported by the command itself. Null for requests from the network. */
    operator: { readonly uid: number | null; readonly user: string | null } | null;
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

/**
 * Returns whether the caller is allowed to see details that are meant for operators: host names, and error messages of
 * remote systems.
 */
export function isOperator(request: FastifyRequest): boolean {
  return mayDo(callerOf(request), 'admin');
}

/** Throws if the caller is unknown. This can happen only on a public route. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller) return request.caller;
  throw new AgentError('unauthorized', 'A bearer token is required.');
}

/**
 * Creates the hook for one route at this listener. `atOnce`: how many requests to this route one token may have in
 * progress.
 */
export type Guard = (
  access: Access,
  limit: Limit | undefined,
  atOnce: number | undefined,
) => onRequestHookHandler;

export async function makeNetworkGuard(
  app: App,
  context: OperationContext,
  mainThread: Pick<MainThread, 'rest'>,
): Promise<Guard> {
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
  const count = rateLimits(context.config.api, context.clock);
  const budgets = mainThreadBudgets(context.config.api, context.clock);
  const admitToLimits = (token: string, limit: Limit, request: FastifyRequest): AgentError | undefined => {
    request.budget = budgets.of(token);
    return (request.budget && budgets.refusal(request.budget)) ?? count(token, limit);
  };
  return (access, limit, atOnce) => {
    const admitCall = callsAtOnce();
    return function guard(request, reply, done) {
      if (access === 'public') {
        done();
        return;
      }
      verifyBearerAuth(request, reply, (error) => {
        if (error) done(schemeProblem(request) ?? error);
        else if (access !== 'module' && !mayDo(callerOf(request), access)) done(forbidden());
        else {
          const token = request.tokenId ?? '';
          if (limit === undefined) {
            done();
            return;
          }
          const refused =
            admitToLimits(token, limit, request) ??
            (atOnce === undefined ? undefined : admitCall(token, atOnce, reply));
          // only requests that can be refused under load can also be delayed
          const pause = refused ? undefined : mainThread.rest(request);
          if (pause) void pause.then(() => done());
          else done(refused);
        }
      });
    };
  };
}

/**
 * Returns the error for an Authorization header that lacks the scheme `Bearer`. Callers often make this mistake, so
 * the error has its own message.
 */
function schemeProblem({ headers }: FastifyRequest): AgentError | undefined {
  const { authorization } = headers;
  if (authorization === undefined || /^bearer /i.test(authorization)) return undefined;
  return new AgentError(
    'unauthorized',
    'The Authorization header must be the word Bearer, a space and the token.',
  );
}

/**
 * Treats every caller at the socket as the operator, who acts for the panel in `?panel=` or in the header
 * `innkeeper-panel`.
 */
export function makeSocketGuard(): Guard {
  const permissions = new Set(PERMISSIONS);
  return () =>
    function guard(request, _reply, done) {
      const panel = panelOf(request);
      if (!ID_PATTERN.test(panel)) {
        done(invalid({ panel: 'must be the name of a panel' }));
        return;
      }
      request.tokenId = 'socket';
      request.operator = operatorOf(request);
      request.caller = { name: 'socket', panel, permissions, requestId: request.id };
      done();
    };
}

/**
 * Returns the user name that the command sent. Every user who can access the socket can send any name. The name
 * therefore shows operators who trust each other which of them acted, but it proves nothing.
 */
function operatorOf(request: FastifyRequest): { uid: number | null; user: string | null } {
  const header = request.headers['innkeeper-user'];
  const [, uid, user] = /^(\d{1,10}) ([A-Za-z0-9._@-]{1,64})$/.exec(String(header)) ?? [];
  return uid === undefined || user === undefined ? { uid: null, user: null } : { uid: Number(uid), user };
}

function panelOf(request: FastifyRequest): string {
  const header = request.headers['innkeeper-panel'];
  if (typeof header === 'string') return header;
  const query: unknown = request.query;
  const named: unknown =
    typeof query === 'object' && query !== null ? Reflect.get(query, 'panel') : undefined;
  return typeof named === 'string' ? named : DEFAULT_PANEL;
}

function admit(token: Known | undefined, request: FastifyRequest): boolean {
  if (!token) return false;
  if (token.networks.length > 0 && !isFrom(request.ip, token.networks)) {
    request.log.warn(
      { token: token.name, from: request.ip },
      'token used from a network that it does not allow',
    );
    return false;
  }
  request.caller = {
    name: token.name,
    panel: token.panel,
    permissions: token.permissions,
    requestId: request.id,
  };
  request.tokenId = token.id;
  request.stillAllowed = () => token.isLive();
  return true;
}

const forbidden = (): AgentError =>
  new AgentError('forbidden', 'This token does not have permission for this request.');

/**
 * Finds a token by its SHA-256 hash. An attacker who measures the duration of the search cannot learn how close a
 * guess was, because similar tokens have unrelated hashes. The hash that is found is still compared in constant time.
 */
function makeLookUp({ state, config, clock }: OperationContext): (text: string) => Known | undefined {
  const configured = config.api.tokens.map((token): Known => ({
    id: idOfConfigured(token),
    name: token.name,
    panel: token.panel,
    permissions: new Set(token.permissions.filter(isPermission)),
    hash: Buffer.from(hashToken(token.secret.reveal())),
    networks: [],
    isLive: () => true,
  }));
  const stored = (token: ApiToken): Known[] => {
    const permissions = new Set(token.permissions.filter(isPermission));
    return hashesOf(token).map((sha256) => ({
      id: token.id,
      name: token.name,
      panel: token.panel,
      permissions,
      hash: Buffer.from(sha256),
      networks: token.networks,
      isLive: () => isHashLive(state.tokens.find(token.id) ?? token, sha256, clock.now()),
    }));
  };
  let byHash = new Map<string, Known>();
  let indexed: number | undefined;
  const index = (): void => {
    const all = [...configured, ...state.tokens.list().flatMap(stored)];
    indexed = state.tokens.revision;
    byHash = new Map(all.map((token) => [token.hash.toString(), token]));
  };
  return (text) => {
    const hash = hashToken(text);
    // the index is rebuilt only when tokens change, so checking a guess costs one hash, regardless of the number of
    // tokens
    if (indexed !== state.tokens.revision) index();
    const found = byHash.get(hash);
    const sent = Buffer.from(hash);
    if (found?.hash.length !== sent.length || !timingSafeEqual(found.hash, sent)) return undefined;
    return found.isLive() ? found : undefined;
  };
}

function isFrom(address: string, networks: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const from = ipaddr.process(address);
  return networks.some((network) => {
    const [range, bits] = ipaddr.parseCIDR(network);
    return range.kind() === from.kind() && from.match(range, bits);
  });
}
