/** GET /alerts */
import { Type } from 'typebox';
import { ALERT_KINDS, TOLD } from '../../../model/alert.js';
import { listAlerts } from '../../../alerts/list-alerts.js';
import { ALERT, JOB, SERVICE } from '../../schemas/examples.js';
import { instant, list, nullable, text, uuid, word } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

const AlertView = Type.Object(
  {
    id: uuid('The ID of the alert.', ALERT),
    alert: word(ALERT_KINDS, 'The kind of the alert.', 'job_stuck'),
    severity: word(
      ['warning', 'critical'],
      '`critical`: a site or the agent itself is affected now. `warning`: it will be.',
      'critical',
    ),
    panel: nullable(
      text('The panel whose service the alert concerns. Null: it concerns the agent itself.', 'default'),
    ),
    service_id: nullable(
      text("The panel's ID of the service that the alert concerns. Null: it concerns no service.", SERVICE),
    ),
    text: text(
      'What is wrong and, if known, why. For the operator.',
      'The operation upgrade on service 12345 is stuck: the container host reported a failure.',
    ),
    commands: list('Commands that help, ready to paste into a shell.', [`innkeeper job retry ${JOB}`]),
    data: Type.Unsafe<object>({
      type: 'object',
      additionalProperties: true,
      description: 'The same information for programs. Its fields depend on the kind of alert.',
      examples: [{ job_id: JOB }],
    }),
    raised_at: instant('When the alert was raised.'),
    cleared_at: nullable(instant('When the alert was cleared. Null: it is active.'), null),
    told: Type.Record(Type.String(), Type.Enum([...TOLD]), {
      description: 'For each hook, by name: what it confirmed last.',
      examples: [{ pager: 'raised' }],
    }),
  },
  { title: 'Alert', description: 'A condition that needs the attention of an operator.' },
);

export const alertsRoute = jsonRoute({
  call: 'GET /alerts',
  id: 'listAlerts',
  tag: 'Operation',
  summary: 'List alerts',
  description:
    "The alerts of the token's panel and of the agent itself. The command line sees the alerts of " +
    'all panels.',
  query: Type.Object({
    all: Type.Optional(
      Type.Boolean({
        'x-rule': 'must be true or false',
        description: 'True: include alerts that were cleared within the last week.',
        examples: [false],
      }),
    ),
  }),
  answer: Type.Object({ alerts: Type.Array(AlertView, { description: 'The alerts, oldest first.' }) }),
  answers: { 200: 'The alerts, oldest first.' },
  handle: ({ caller, query }, { alerts, listener }) => ({
    alerts: listAlerts(alerts, caller, { listener, ended: query.all === true }),
  }),
});
