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
      '`critical`: a site or the agent itself is affected now. `warning`: a site or the agent will be ' +
        'affected later.',
      'critical',
    ),
    panel: nullable(
      text(
        'The panel whose service the alert concerns. The value is null if the alert concerns the ' +
          'agent itself.',
        'default',
      ),
    ),
    service_id: nullable(
      text(
        'The ID, in the panel, of the service that the alert concerns. The value is null if the alert ' +
          'does not concern a service.',
        SERVICE,
      ),
    ),
    text: text(
      'A description of the problem for the operator, with its cause if the cause is known.',
      'The operation upgrade on service 12345 is stuck: the container host reported a failure.',
    ),
    commands: list('Commands that help the operator. They can be pasted into a shell.', [
      `innkeeper job retry ${JOB}`,
    ]),
    data: Type.Unsafe<object>({
      type: 'object',
      additionalProperties: true,
      description:
        'The information in `text` as fields for programs. The fields depend on the kind of alert.',
      examples: [{ job_id: JOB }],
    }),
    raised_at: instant('The time at which the alert was raised.'),
    cleared_at: nullable(
      instant('The time at which the alert was cleared. The value is null if the alert is active.'),
      null,
    ),
    told: Type.Record(Type.String(), Type.Enum([...TOLD]), {
      description:
        'An object that maps the name of each hook to the last notification (`raised` or `cleared`) ' +
        'that the hook confirmed.',
      examples: [{ pager: 'raised' }],
    }),
  },
  { title: 'Alert', description: 'A condition that an operator should know about.' },
);

export const alertsRoute = jsonRoute({
  call: 'GET /alerts',
  id: 'listAlerts',
  tag: 'Operation',
  summary: 'List alerts',
  description:
    "Returns the alerts about the token's panel and about the agent itself. The command line gets the " +
    'alerts of all panels.',
  query: Type.Object({
    all: Type.Optional(
      Type.Boolean({
        'x-rule': 'must be true or false',
        description: 'If true, the response also contains alerts that were cleared within the last week.',
        examples: [false],
      }),
    ),
  }),
  answer: Type.Object({
    alerts: Type.Array(AlertView, { description: 'The alerts, sorted from oldest to newest.' }),
  }),
  answers: { 200: 'The alerts, sorted from oldest to newest.' },
  handle: ({ caller, query }, { alerts, listener }) => ({
    alerts: listAlerts(alerts, caller, { listener, ended: query.all === true }),
  }),
});
