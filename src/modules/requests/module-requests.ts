/** Passes requests on to modules, once they are found, permitted and within their limits. */
import { AgentError, asAgentError } from '../../kernel/errors.js';
import { type Caller, mayDo } from '../../model/caller.js';
import type {
  CallerRequest,
  IncomingRequest,
  ModuleReply,
  ModuleRequests,
} from '../../model/module-request.js';
import { modulePermission } from '../../model/permissions.js';
import type { State } from '../../state/contract.js';
import type { InstanceView } from '../kit/request.js';
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
  readonly instances: Pick<State['instances'], 'find'>;
}

export function moduleRequests(deps: ModuleRequestsDeps): ModuleRequests {
  return {
    api: (request) => callApi(deps, request),
    static: (request) => callStatic(deps, request),
    webhook: (request) => callWebhook(deps, request),
  };
}

async function callApi(deps: ModuleRequestsDeps, request: CallerRequest): Promise<ModuleReply> {
  const { module: named, path, caller, tokenId } = request;
  // without any permission of the module, the caller does not even learn whether it is installed
  if (!mayUse(caller, named)) throw forbidden();
  const module = moduleOf(deps, named);
  const { api, permissions } = module.declared.routes;
  const found = matchRoute(api, methodOf(request), path);
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

async function callStatic(deps: ModuleRequestsDeps, request: IncomingRequest): Promise<ModuleReply> {
  const { module: named, path } = request;
  const module = moduleOf(deps, named);
  const own = module.declared.routes.static.filter(({ name }) => name === path[0]);
  const route = own.find(({ method }) => method === methodOf(request));
  if (!route)
    throw notFound(
      request,
      own.map(({ method }) => method),
    );
  const key = `static ${named.type}/${named.name} ${route.name} ${request.from}`;
  refuseOften(deps.count(key, route.rateLimit));
  return deps.run({
    module,
    requestId: request.requestId,
    call: {
      ...{ target: { kind: 'static', name: route.name }, instance: null, actor: null },
      request: sentRequest(request, {}, COOKIES),
      locale: localeIn(request),
    },
  });
}

/** Requests per minute of one network. Providers send from a few addresses, so the limit is high. */
const WEBHOOKS_OF_NETWORK = 300;

async function callWebhook(deps: ModuleRequestsDeps, request: IncomingRequest): Promise<ModuleReply> {
  const { module: named, path, from } = request;
  const module = moduleOf(deps, named);
  const { webhooks } = module.declared.routes;
  const [id = ''] = path;
  const methods = [...(webhooks.get ? ['GET'] : []), ...(webhooks.post ? ['POST'] : [])];
  const instance = instanceOf(deps, module, id);
  if (!methods.includes(request.method)) throw notFound(request, methods);
  const key = `webhook ${named.type}/${named.name} ${id}`;
  refuseOften(deps.count(`${key} ${from}`, WEBHOOKS_OF_NETWORK) ?? deps.count(key, webhooks.rateLimit));
  try {
    return await deps.run({
      module,
      requestId: request.requestId,
      isLogged: true,
      call: {
        ...{
          target: { kind: 'webhook', method: request.method === 'GET' ? 'get' : 'post' },
          instance,
          actor: null,
        },
        request: sentRequest(request, {}, COOKIES),
        locale: localeIn(request),
      },
    });
  } catch (error) {
    const failed = asAgentError(error);
    throw failed.code === 'module_failed' ? unavailable(failed.detail ?? failed.message) : failed;
  }
}

function instanceOf(
  { instances }: Pick<ModuleRequestsDeps, 'instances'>,
  { info, declared }: RegisteredModule,
  id: string,
): InstanceView | null {
  if (declared.instance === null && id === DEFAULT_INSTANCE) return null;
  const found = declared.instance === null ? undefined : instances.find(id);
  if (found?.type === info.type && found.module === info.name)
    return { id, name: found.name, data: found.data };
  throw new AgentError('instance_not_found', 'There is no channel or gateway with this ID.');
}

/** The instance in the address of webhooks of modules without instances. */
const DEFAULT_INSTANCE = 'default';

function refuseOften(refused: AgentError | undefined): void {
  if (refused) throw refused;
}

/** HEAD is answered like GET. */
function methodOf({ method }: IncomingRequest): string {
  return method === 'HEAD' ? 'GET' : method;
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
/** Cookies belong to the dashboard. The other headers may prove who has sent a webhook. */
const COOKIES: readonly string[] = ['cookie'];

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
