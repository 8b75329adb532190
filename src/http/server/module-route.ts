/** Routes whose requests a module handles: they take any body, and the module decides what the response is. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingRequest, ModuleReply } from '../../model/module-request.js';
import type { App } from './app-type.js';
import { networkOf } from './server.js';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ModuleRoute {
  readonly methods: readonly Method[];
  readonly url: string;
  readonly bodyLimit: number;
  /** False if GET may change something. */
  readonly head?: false;
  readonly handle: (request: FastifyRequest) => Promise<ModuleReply>;
}

/**
 * A page of a module has an origin of its own in the browser, so that its scripts cannot use the session of the
 * dashboard.
 */
const PAGE_POLICY = 'sandbox allow-forms allow-popups allow-scripts';

/** The routes are not part of the API description, because only the modules know what they do. */
export function addModuleRoute(app: App, { methods, url, bodyLimit, head, handle }: ModuleRoute): void {
  void app.register(async (raw) => {
    raw.removeAllContentTypeParsers();
    raw.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, done) =>
      done(null, body),
    );
    for (const method of methods)
      raw.route({
        ...{ method, url, schema: { hide: true }, bodyLimit },
        ...(head === undefined ? {} : { exposeHeadRoute: head }),
        handler: async (request, reply) => sendReply(reply, await handle(request)),
      });
  });
}

async function sendReply(reply: FastifyReply, { status, headers, body }: ModuleReply): Promise<FastifyReply> {
  void reply.code(status).header('cache-control', 'no-store').headers(headers);
  void reply.header('x-content-type-options', 'nosniff');
  const type = headers['content-type'] ?? '';
  if (!/^(?:application\/json|text\/plain)\b/.test(type))
    void reply.header('content-security-policy', PAGE_POLICY);
  // as text, so that it can be stored for an Idempotency-Key
  const isText = Buffer.isBuffer(body) && type.startsWith('application/json');
  return reply.send(isText ? body.toString() : (body ?? undefined));
}

/** `skip`: number of parts of the path before those that the module gets, such as 4 for `/modules/x/y/api/...`. */
export function incomingRequest(request: FastifyRequest, skip: number): IncomingRequest {
  const { type = '', name = '' } = request.params as Readonly<Record<string, string | undefined>>;
  const [path = ''] = request.url.split('?', 1);
  const parts = path
    .replace(/\/+$/, '')
    .split('/')
    .slice(skip + 1);
  return {
    module: { type, name },
    method: request.method,
    // the router has refused paths that cannot be decoded
    path: parts.map(decodeURIComponent),
    query: lastOf(request.query),
    headers: lastOf(request.headers),
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    from: networkOf(request.ip) ?? request.ip,
    requestId: request.id,
  };
}

/** The last value of each name. */
function lastOf(values: unknown): Record<string, string> {
  const all = Object.entries(typeof values === 'object' && values !== null ? values : {}) as [
    string,
    unknown,
  ][];
  return Object.fromEntries(
    all.flatMap(([name, value]): [string, string][] => {
      const last: unknown = Array.isArray(value) ? value.at(-1) : value;
      return typeof last === 'string' ? [[name, last]] : [];
    }),
  );
}
