/** POST /alerts/test */
import { Type } from 'typebox';
import type { Route } from '../route.js';
import { failures, nullable, success } from '../schemas/common.js';

const schema = {
  summary: 'Sends a test to everybody who is told of alerts',
  description: 'Once, at once. `event` and `alert` are `test`.',
  tags: ['Operation'],
  response: {
    200: success(
      {
        hooks: Type.Array(
          Type.Object({
            hook: Type.String({ description: 'Its name.' }),
            problem: nullable(Type.String({ description: 'Null: it has confirmed the test.' })),
          }),
        ),
      },
      'What became of each.',
    ),
  },
  failures: failures(),
};

export const testAlertsRoute: Route = (app, context) => {
  app.post('/alerts/test', { schema }, async () => ({
    success: true as const,
    hooks: (await context.alerts.test()).map((one) => ({ ...one })),
  }));
};
