/** GET /alerts */
import { Type } from 'typebox';
import { ALERT_KINDS, TOLD } from '../../../model/alert.js';
import { listAlerts } from '../../../alerts/list-alerts.js';
import { ALERT, JOB, SERVICE } from '../../schemas/examples.js';
import { instant, list, nullable, text, uuid, word } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

const AlertView = Type.Object(
  {
    id: uuid('The id of the alert.', ALERT),
    alert: word(ALERT_KINDS, 'The kind of the alert.', 'job_stuck'),
    severity: word(
      ['warning', 'critical'],
      '`critical`: a site or the agent itself is affected now. `warning`: it will be.',
      'critical',
    ),
    panel: nullable(
      text('The panel whose service it is about. Null: it is about the agent itself.', 'default'),
    ),
    service_id: nullable(text("The panel's id of the service. Null: it is about none.", SERVICE)),
    text: text(
      'What is wrong and, where it is known, why. For the operator.',
      'The operation upgrade on service 12345 is stuck: the container host reported a failure.',
    ),
    commands: list('What helps, ready to paste into a shell.', [`innkeeper job retry ${JOB}`]),
    data: Type.Unsafe<object>({
      type: 'object',
      additionalProperties: true,
      description: 'The same for programs. Its fields depend on the kind.',
      examples: [{ job_id: JOB }],
    }),
    raised_at: instant('When it was raised.'),
    cleared_at: nullable(instant('When its cause was gone. Null: it is active.'), null),
    told: Type.Record(Type.String(), Type.Enum([...TOLD]), {
      description: 'For each hook, by its name, what it has confirmed last.',
      examples: [{ pager: 'raised' }],
    }),
  },
  { title: 'Alert', description: 'Something that needs the attention of an operator.' },
);

export const alertsRoute = jsonRoute({
  call: 'GET /alerts',
  id: 'listAlerts',
  tag: 'Operation',
  summary: 'List alerts',
  description:
    "The alerts of the token's panel and of the agent itself. The command line sees those of all panels.",
  query: Type.Object({
    all: Type.Optional(
      Type.Boolean({
        'x-rule': 'must be true or false',
        description: 'True: also alerts that have been cleared, for a week.',
        examples: [false],
      }),
    ),
  }),
  answer: Type.Object({ alerts: Type.Array(AlertView, { description: 'The alerts, oldest first.' }) }),
  answers: { 200: 'The alerts, oldest first.' },
  handle: ({ caller, query }, { alerts, door }) => ({
    alerts: listAlerts(alerts, caller, { door, ended: query.all === true }),
  }),
});
