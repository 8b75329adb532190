/** POST /alerts/test */
import { Type } from 'typebox';
import { nullable, text } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

const HookResult = Type.Object(
  {
    hook: text('The name of the hook.', 'pager'),
    problem: nullable(
      text('Why the test failed. The value is null if the hook confirmed the test alert.', ''),
      null,
    ),
  },
  { title: 'HookResult', description: 'The result of the test for one hook.' },
);

export const testAlertsRoute = jsonRoute({
  call: 'POST /alerts/test',
  id: 'testAlerts',
  tag: 'Operation',
  summary: 'Send a test alert to every hook',
  description:
    'The test alert is sent once, without retries. Its fields `event` and `alert` have the value ' +
    '`test`.',
  answer: Type.Object({ hooks: Type.Array(HookResult, { description: 'The results of all hooks.' }) }),
  answers: { 200: 'The test alert was sent. The response contains the result of each hook.' },
  handle: async (_, context) => ({ hooks: (await context.alerts.test()).map((one) => ({ ...one })) }),
});
