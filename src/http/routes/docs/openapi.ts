/** GET /openapi.json */
import type { Route } from '../../server/route.js';
import { failures } from '../../schemas/common.js';

const schema = {
  summary: 'Describes this API (OpenAPI 3.1)',
  tags: ['Operation'],
  response: {
    200: {
      description: 'The description.',
      content: { 'application/json': { schema: { type: 'object', additionalProperties: true } } },
    },
  },
  failures: failures(),
};

export const openapiRoute: Route = (app) => {
  // made once, when it is first asked for: all routes are there by then
  let text: Buffer | undefined;
  app.get('/openapi.json', { schema }, (_request, reply) => {
    text ??= Buffer.from(JSON.stringify(app.swagger()));
    return reply.type('application/json; charset=utf-8').send(text);
  });
};
