/** GET /metrics */
import { Type } from 'typebox';
import type { Route } from '../../server/route.js';
import { failures } from '../../schemas/common.js';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

const schema = {
  summary: 'Tells the figures of the agent, for Prometheus',
  description: 'Of all panels. Labels hold words of the agent, never the id of a service.',
  tags: ['Operation'],
  response: {
    200: {
      description: 'The text format, version 0.0.4.',
      content: { 'text/plain': { schema: Type.String() } },
    },
  },
  failures: failures(),
};

export const metricsRoute: Route = (app, context) => {
  app.get('/metrics', { schema }, async (_, reply) => {
    const text = await context.metrics.text();
    return reply.type(TEXT).serializer(String).send(text);
  });
};
