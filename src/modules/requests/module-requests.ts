/** Passes requests on to modules, once they are found, permitted and within their limits. */
import { AgentError } from '../../kernel/errors.js';
import { type Caller, mayDo } from '../../model/caller.js';
import type {
  CallerRequest,
  IncomingRequest,
  ModuleReply,
  ModuleRequests,
} from '../../model/module-request.js';
import { modulePermission } from '../../model/permissions.js';
import { CONFIGURATION } from '../kit/routes.js';
import type { KnownModule, ModulesInUse, RegisteredModule } from '../registry.js';
import { matchRoute } from './match-route.js';
import type { RequestCall, SentRequest } from './messages.js';
import type { CountRequest } from './rate.js';
import type { RunRequest } from './run-request.js';
import { unavailable } from './running-request.js';

export interface ModuleRequestsDeps {
  readonly inUse: ModulesInUse;
  /** All modules with their states. */
  readonly known: () => readonly KnownModule[];
  readonly run: RunRequest;
  readonly count: CountRequest;
}

export function moduleRequests(deps: ModuleRequestsDeps): ModuleRequests {
  return { api: (request) => callApi(deps, request) };
}

async function callApi(deps: ModuleRequestsDeps, request: CallerRequest): Promise<ModuleReply> {
  const { module: named, method, path, caller, tokenId } = request;
  // without any permission of the module, the caller does not even learn whether it is installed
  if (!mayUse(caller, named)) throw forbidden();
  const module = moduleOf(deps, named);
  const { api, permissions } = module.declared.routes;
  const found = matchRoute(api, method === 'HEAD' ? 'GET' : method, path);
  if (!found.route) throw notFound(request, found.methods);
  const { route, params } = found;
  const may = (key: string): boolean => mayDo(caller, modulePermission(named, key));
  if (!may(route.permission)) throw forbidden();
  const refused =
    route.rateLimit === null
      ? undefined
      : deps.count(
          `api ${named.type}/${named.name} ${route.method} ${route.path} ${tokenId}`,
          route.rateLimit,
        );
  if (refused) throw refused;
  const keys = [...permissions.map(({ key }) => key), CONFIGURATION].filter(may);
  return deps.run({
    module,
    requestId: request.requestId,
    call: {
      ...{ target: { kind: 'api', method: route.method, path: route.path }, instance: null },
      request: sentRequest(request, params, OWN_HEADERS),
      actor: { id: tokenId, name: caller.name, keys },
      locale: localeIn(request),
    },
  });
}

function mayUse({ permissions }: Caller, { type, name }: IncomingRequest['module']): boolean {
  const prefix = modulePermission({ type, name }, '');
  return permissions.has('admin') || [...permissions].some((one) => one.startsWith(prefix));
}

/** Throws `module_not_found`, and `module_unavailable` with the reason for a module that cannot be used. */
export function moduleOf(
  { inUse, known }: Pick<ModuleRequestsDeps, 'inUse' | 'known'>,
  { type, name }: IncomingRequest['module'],
): RegisteredModule {
  const found = inUse.find(type, name);
  if (found) return found;
  const broken = known().find((one) => one.type === type && one.name === name);
  if (broken) throw unavailable(`${type}/${name} is ${broken.state}: ${broken.reason ?? ''}`);
  throw new AgentError('module_not_found', 'There is no such module.');
}

function forbidden(): AgentError {
  return new AgentError('forbidden', 'This token does not have permission for this request.');
}

export function notFound({ method }: IncomingRequest, methods: readonly string[]): AgentError {
  return methods.length === 0
    ? new AgentError('route_not_found', 'The module has no such route.')
    : new AgentError('method_not_allowed', `Method not allowed: ${method}. Use ${methods.join(' or ')}.`);
}

/** They belong to the agent: the module must not get the caller's token. */
const OWN_HEADERS: readonly string[] = ['authorization', 'cookie', 'proxy-authorization'];

/** `without`: names of headers that the module does not get. */
export function sentRequest(
  { method, path, query, headers, body }: IncomingRequest,
  params: SentRequest['params'],
  without: readonly string[],
): SentRequest {
  const kept = Object.entries(headers).filter(([name]) => !without.includes(name));
  return {
    ...{ method, path: path.join('/'), params, query },
    ...{ headers: Object.fromEntries(kept), body: body.toString('base64') },
  };
}

/** The first language that the client accepts. */
export function localeIn({ headers }: Pick<IncomingRequest, 'headers'>): RequestCall['locale'] {
  const [first = ''] = /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*/.exec(headers['accept-language'] ?? '') ?? [];
  return first === '' ? null : first;
}
