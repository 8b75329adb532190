/**
 * Builds the HTTP application for one listener: the network, or the daemon's own unix socket. The application does not
 * listen yet.
 */
import { fastifySSE } from '@fastify/sse';
import fastify, { type FastifyBaseLogger, type FastifyRequest, LogController } from 'fastify';
import type { Timekeeper } from '../../model/clock-doubt.js';
import { systemClock } from '../../kernel/clock.js';
import { Slices } from '../../kernel/async/slices.js';
import { AgentError } from '../../kernel/errors.js';
import { VERSION } from '../../kernel/version.js';
import { limitOf, methodsOf, mostAtOnce, ruleFor } from '../guards/access.js';
import type { App } from './app-type.js';
import { type Guard, makeNetworkGuard, makeSocketGuard } from '../guards/auth.js';
import { resolveUrlAlias } from './url-aliases.js';
import { auditCalls } from '../guards/audit.js';
import { endpointNotFound, shownCall } from './endpoint-not-found.js';
import { answerError } from './errors.js';
import { rememberPosts } from '../guards/idempotency.js';
import { trackConnections } from './idle-connections.js';
import { readJsonBodies } from './json-body.js';
import { MainThread } from './main-thread.js';
import { describeApi } from './openapi.js';
import { limitPipelining } from './pipelining.js';
import { requestIds } from './request-id.js';
import type { RequestMetrics, Readiness, RouteContext } from './route.js';
import { ROUTES, SOCKET_ROUTES } from '../routes/table.js';
import { refuseBrokenRequest, serverFactory } from './server.js';
import { compileSerializer } from './serialization.js';
import { followPair, readPair } from './tls-pair.js';
import { warnOfUnknownFields } from './unknown-fields.js';
import { limitUnreadResponses } from './response-backpressure.js';
import { compileValidator } from './validation.js';
import { makeAllocate } from '../../services/allocate.js';
import { watchCertificate } from '../../certificates/certificate.js';
import type { ListedAlerts } from '../../alerts/list-alerts.js';
import type { DriftContext } from '../../drift/context.js';
import { makeJobFeed } from '../../jobs/manage/job-feed.js';
import type { Listener } from '../../model/listener.js';

export interface AppDeps extends DriftContext {
  readonly metrics: RequestMetrics;
  readonly alerts: ListedAlerts;
  readonly timekeeper: Timekeeper;
  readonly ready: () => Readiness | Promise<Readiness>;
  readonly reconcile: RouteContext['reconcile'];
  readonly modules: RouteContext['modules'];
  readonly rescanModules: RouteContext['rescanModules'];
  readonly tasks: RouteContext['tasks'];
  readonly schedules: RouteContext['schedules'];
  readonly moduleRequests: RouteContext['moduleRequests'];
  readonly testServer: RouteContext['testServer'];
  readonly moduleLifecycle: RouteContext['moduleLifecycle'];
  readonly moduleSettings: RouteContext['moduleSettings'];
  readonly moduleLog: RouteContext['moduleLog'];
  readonly installModule: RouteContext['installModule'];
}

const HEARTBEAT_MS = 15_000;
/** When the daemon stops, busy connections are closed by force after this time. */
const CLOSE_MS = 3_000;
const IDLE_MS = 50;
/** When the daemon stops, it waits up to this time for clients of systemd's socket to close their connections. */
const HAND_OVER_MS = 250;

export interface AppOptions {
  /**
   * systemd owns the socket. A client that connects while the daemon stops waits until the next daemon accepts the
   * connection. Therefore no connection has to be closed by force.
   */
  readonly handedOver?: boolean;
}

export async function buildApp(deps: AppDeps, listener: Listener, options: AppOptions = {}): Promise<App> {
  const { config } = deps;
  const loggerInstance: FastifyBaseLogger = deps.log;
  const tls = listener === 'network' ? config.api.tls : null;
  const pair = tls && readPair(tls);
  const app: App = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestIds(),
    rewriteUrl: ({ url = '/' }) => resolveUrlAlias(url),
    bodyLimit: config.api.body_limit_bytes,
    trustProxy:
      listener === 'network' && config.api.trusted_proxies.length > 0 ? config.api.trusted_proxies : false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
    // disables fastify's own response; `refuseWhileStopping` sends one in the agent's format
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    serverFactory: serverFactory(pair),
    clientErrorHandler: refuseBrokenRequest,
    frameworkErrors: answerError,
  });
  const stopping = endWithApp(app, options.handedOver ? HAND_OVER_MS : 0);
  if (tls && pair) void followPair(app.server, tls, pair, { ...deps, stopping });
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(compileSerializer);
  app.setErrorHandler(answerError);
  const monotonic = (): number => deps.clock.monotonic();
  const mainThread = new MainThread(monotonic, new Slices(monotonic));
  mainThread.watch(app);
  readJsonBodies(app, mainThread);
  app.decorateRequest('caller', null);
  app.decorateRequest('stillAllowed', null);
  app.decorateRequest('tokenId', null);
  app.decorateRequest('operator', null);
  warnOfUnknownFields(app);
  limitPipelining(app);
  limitUnreadResponses(app);
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    // responses on the network omit the release, because attackers could look up its known vulnerabilities
    if (listener === 'socket') void reply.header('innkeeper-version', VERSION);
    done(
      stopping.aborted && !options.handedOver
        ? new AgentError('shutting_down', 'The agent is stopping; please try again in a moment.')
        : undefined,
    );
  });
  refuseUnknown(app, listener);
  logCalls(app, deps.metrics, mainThread);
  guardRoutes(app, listener === 'socket' ? makeSocketGuard() : await makeNetworkGuard(app, deps, mainThread));
  await app.register(fastifySSE, { heartbeatInterval: HEARTBEAT_MS });
  await describeApi(app);
  const context = routeContext(deps, listener, stopping, mainThread);
  auditCalls(app, context);
  app.addHook('onClose', () => context.jobFeed.close());
  rememberPosts(app, context);
  for (const route of listener === 'socket' ? [...ROUTES, ...SOCKET_ROUTES] : ROUTES) route(app, context);
  return app;
}

function routeContext(
  deps: AppDeps,
  listener: Listener,
  stopping: AbortSignal,
  mainThread: MainThread,
): RouteContext {
  return {
    ...deps,
    listener,
    stopping,
    mainThread,
    allocate: makeAllocate(deps),
    jobFeed: makeJobFeed(deps.state.services),
    certificate: watchCertificate(deps.config, deps.clock),
  };
}

function endWithApp(app: App, handOverMs: number): AbortSignal {
  const stop = new AbortController();
  const connections = trackConnections(app.server);
  app.addHook('preClose', async () => {
    stop.abort();
    if (handOverMs > 0 && connections.count() > 0) {
      connections.endAfterAnswer();
      await systemClock.sleep(handOverMs);
    }
    // check repeatedly, because a connection that is busy now may become idle later
    const idle = setInterval(() => connections.closeIdle(handOverMs), IDLE_MS);
    const all = setTimeout(() => app.server.closeAllConnections(), CLOSE_MS);
    app.server.once('close', () => {
      clearInterval(idle);
      clearTimeout(all);
    });
    for (const timer of [idle, all]) timer.unref();
  });
  return stop.signal;
}

/** Runs before the body is read, so that the body of a request to an unknown endpoint is never read. */
function refuseUnknown(app: App, listener: Listener): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) {
      done();
      return;
    }
    const allowed = methodsOf(pathOf(request), listener);
    if (allowed.length === 0) {
      done(endpointNotFound(request));
      return;
    }
    void reply.header('allow', allowed.join(', '));
    const asked = shownCall(request);
    done(new AgentError('method_not_allowed', `Method not allowed: ${asked}. Use ${allowed[0] ?? ''}.`));
  });
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '/';
}

/** Throws if a registered route is missing from the list in http/guards/access.ts. */
function guardRoutes(app: App, guard: Guard): void {
  app.addHook('onRoute', (route) => {
    const methods = Array.isArray(route.method) ? route.method : [route.method];
    for (const method of methods) {
      const { access } = ruleFor(method, route.url);
      const limit = limitOf(method, route.url);
      const atOnce = mostAtOnce(method, route.url);
      route.onRequest = [guard(access, limit, atOnce), ...[route.onRequest ?? []].flat()];
    }
  });
}

/** Logs requests that change something. Requests that only read are not logged, because they are too frequent. */
function logCalls(app: App, metrics: RequestMetrics, mainThread: MainThread): void {
  app.addHook('onResponse', (request, reply, done) => {
    mainThread.look(request);
    metrics.answered({
      method: request.method,
      route: request.is404 ? undefined : request.routeOptions.url,
      status: reply.statusCode,
      ms: reply.elapsedTime,
      mainThreadMs: request.spentMs,
    });
    const level = request.method === 'GET' || request.method === 'HEAD' ? 'debug' : 'info';
    request.log[level](
      {
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        token: request.caller?.name,
        panel: request.caller?.panel,
      },
      `${request.method} ${request.routeOptions.url ?? 'an unknown endpoint'} was answered with ${reply.statusCode}`,
    );
    done();
  });
}
