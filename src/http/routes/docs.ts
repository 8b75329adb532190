/** GET /docs: Swagger UI, from files of our own. It shows nothing before it was given a token, with which it reads /openapi.json. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { existsSync } from 'node:fs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { AgentError } from '../../domain/errors.js';
import type { Route } from '../route.js';

const FILES = ['page.css', 'page.js', 'swagger-ui.css', 'swagger-ui-bundle.js'] as const;

/** Swagger UI's own icons are `data:` images in its style sheet. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const Params = Type.Object({ file: Type.String({ maxLength: 100 }) });

export const docsRoute: Route = (app) => {
  const root = builtFiles();
  const hidden = { hide: true };
  app.get('/docs', { schema: hidden }, (request, reply) => sendPage(root, 'index.html', request, reply));
  app.get('/docs/:file', { schema: { ...hidden, params: Params } }, async (request, reply) => {
    const file = FILES.find((name) => name === request.params.file);
    if (!file) throw new AgentError('route_not_found', 'There is no such page.');
    return sendPage(root, file, request, reply);
  });
};

async function sendPage(
  root: string,
  file: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  // hardly ever asked for
  const { default: send } = await import('@fastify/send');
  const { statusCode, headers, stream } = await send(request.raw, file, { root, cacheControl: false });
  return reply
    .code(statusCode)
    .headers(headers)
    .headers({
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      // asked for anew each time, and answered 304 while it is the same
      'cache-control': 'no-cache',
    })
    .send(stream);
}

/** The build puts them beside the bundle. */
function builtFiles(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder))
    if (existsSync(join(folder, 'docs-page', 'index.html'))) return join(folder, 'docs-page');
  throw new Error(`the files of /docs are not above ${here}`);
}
