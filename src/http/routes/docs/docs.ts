/**
 * GET /docs: Swagger UI, from local files. The page shows nothing until the user enters a token, which the page needs
 * to read /openapi.json.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { existsSync } from 'node:fs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { AgentError } from '../../../kernel/errors.js';
import type { Route } from '../../server/route.js';
import { type StaticFile, staticFiles } from '../../server/static-files.js';

const FILES = ['page.css', 'page.js', 'swagger-ui.css', 'swagger-ui-bundle.js'] as const;

/** Swagger UI's icons are `data:` images in its style sheet. */
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
  const files = staticFiles(builtFiles());
  const hidden = { hide: true };
  app.get('/', { schema: hidden }, (_, reply) => reply.redirect('/docs'));
  app.get('/docs', { schema: hidden }, async (request, reply) =>
    sendFile(await files('index.html'), request, reply),
  );
  app.get('/docs/:file', { schema: { ...hidden, params: Params } }, async (request, reply) => {
    const file = FILES.find((name) => name === request.params.file);
    if (!file) throw new AgentError('route_not_found', 'Page not found.');
    return sendFile(await files(file), request, reply);
  });
};

function sendFile(
  { body, type, etag }: StaticFile,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  void reply.headers({
    etag,
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // clients revalidate the file each time, and get 304 while it is unchanged
    'cache-control': 'no-cache',
  });
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.type(type).send(body);
}

/** The build puts the files next to the bundle. */
function builtFiles(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder))
    if (existsSync(join(folder, 'docs-page', 'index.html'))) return join(folder, 'docs-page');
  throw new Error(`the files of /docs are not above ${here}`);
}
