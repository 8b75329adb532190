/** POST /alerts/test */
import { Type } from 'typebox';
import { nullable, text } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

const HookResult = Type.Object(
  {
    hook: text('The name of the hook.', 'pager'),
    problem: nullable(text('Why the test failed. Null: the hook confirmed it.', ''), null),
  },
  { title: 'HookResult', description: 'The result for one hook.' },
);

export const testAlertsRoute = jsonRoute({
  call: 'POST /alerts/test',
  id: 'testAlerts',
  tag: 'Operation',
  summary: 'Send a test alert to every hook',
  description: 'Sent once, without retries. `event` and `alert` are `test`.',
  answer: Type.Object({ hooks: Type.Array(HookResult, { description: 'The hooks.' }) }),
  answers: { 200: 'The result for each hook.' },
  handle: async (_, context) => ({ hooks: (await context.alerts.test()).map((one) => ({ ...one })) }),
});
