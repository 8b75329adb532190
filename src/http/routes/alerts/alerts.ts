/** GET /alerts */
import { Type } from 'typebox';
import { ALERT_KINDS } from '../../../model/alert.js';
import { listAlerts } from '../../../alerts/list-alerts.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, Instant, nullable, success } from '../../schemas/common.js';

const AlertView = Type.Object({
  id: Type.String({ format: 'uuid' }),
  alert: Type.Enum([...ALERT_KINDS]),
  severity: Type.Enum(['warning', 'critical']),
  panel: nullable(Type.String({ description: 'Null: it is about the agent itself.' })),
  service_id: nullable(Type.String()),
  text: Type.String({ description: 'For the operator: what is the matter and, where it is known, why.' }),
  commands: Type.Array(Type.String(), { description: 'What helps, ready to copy into a shell.' }),
  data: Type.Unsafe<object>({ type: 'object', additionalProperties: true }),
  raised_at: Instant,
  cleared_at: nullable(Instant),
  told: Type.Record(Type.String(), Type.Enum(['raised', 'cleared']), {
    description: 'Name of the hook -> the last that it has confirmed.',
  }),
});

const schema = {
  summary: 'Tells what a person should look at',
  description: "Of the token's panel and of the agent itself; through the command line of all panels.",
  tags: ['Operation'],
  querystring: Type.Object({
    all: Type.Optional(
      Type.Boolean({
        'x-rule': 'must be true or false',
        description: 'Those too that have ended, for a week.',
      }),
    ),
  }),
  response: { 200: success({ alerts: Type.Array(AlertView) }, 'Oldest first.') },
  failures: failures(),
};

export const alertsRoute: Route = (app, context) => {
  app.get('/alerts', { schema }, async (request) => ({
    success: true as const,
    alerts: listAlerts(context.alerts, callerOf(request), {
      door: context.door,
      ended: request.query.all === true,
    }),
  }));
};
