/** GET /metrics */
import { Type } from 'typebox';
import { schemaOf } from '../../server/endpoint.js';
import type { Route } from '../../server/route.js';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';

const schema = schemaOf(
  {
    call: 'GET /metrics',
    id: 'getMetrics',
    tag: 'Operation',
    summary: 'Retrieve the metrics for Prometheus',
    description:
      'The metrics cover all panels and are at most one second old. No label contains the ID of a ' +
      'service.',
  },
  {
    200: {
      description: 'Metrics in the text format, version 0.0.4.',
      content: { 'text/plain': { schema: Type.String({ description: 'One metric per line.' }) } },
    },
  },
);

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
