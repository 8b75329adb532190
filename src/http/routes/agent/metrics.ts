/** GET /metrics */
import { Type } from 'typebox';
import type { Route } from '../../server/route.js';
import { failures } from '../../schemas/common.js';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

const schema = {
  summary: 'Tells the figures of the agent, for Prometheus',
  description:
    'Of all panels, at most one second old. Labels hold words of the agent, never the id of a service.',
  tags: ['Operation'],
  response: {
    200: {
      description: 'The text format, version 0.0.4.',
      content: { 'text/plain': { schema: Type.String() } },
    },
  },
  failures: failures(),
};

const KEEP_MS = 1_000;

export const metricsRoute: Route = (app, { metrics, clock }) => {
  let latest: { readonly at: number; readonly text: Promise<string> } | undefined;
  app.get('/metrics', { schema }, async (_, reply) => {
    const now = clock.monotonic();
    if (!latest || now - latest.at >= KEEP_MS) latest = { at: now, text: metrics.text() };
    const text = await latest.text;
    return reply.type(TEXT).serializer(String).send(text);
  });
};
