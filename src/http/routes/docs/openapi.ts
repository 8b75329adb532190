/** GET /openapi.json */
import type { Route } from '../../server/route.js';
import { schemaOf } from '../../server/endpoint.js';

const schema = schemaOf(
  {
    call: 'GET /openapi.json',
    id: 'getOpenApi',
    tag: 'Operation',
    summary: 'Retrieve the description of this API',
    description: 'The response is an OpenAPI 3.1 document.',
  },
  {
    200: {
      description: 'The description of the API.',
      content: {
        'application/json': {
          schema: { type: 'object', additionalProperties: true, description: 'An OpenAPI 3.1 document.' },
        },
      },
    },
  },
);

export const openapiRoute: Route = (app) => {
  // the description is created on the first request, because all routes are registered by then
  let text: Buffer | undefined;
  app.get('/openapi.json', { schema }, (_request, reply) => {
    text ??= Buffer.from(JSON.stringify(app.swagger()));
    return reply.type('application/json; charset=utf-8').send(text);
  });
};
