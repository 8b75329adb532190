/** POST /alerts/test */
import { Type } from 'typebox';
import type { Route } from '../../server/route.js';
import { failures, nullable, success } from '../../schemas/common.js';

const schema = {
  summary: 'Sends a test alert to every hook',
  description: 'Sent once, without retries. `event` and `alert` are `test`.',
  tags: ['Operation'],
  response: {
    200: success(
      {
        hooks: Type.Array(
          Type.Object({
            hook: Type.String({ description: 'Its name.' }),
            problem: nullable(Type.String({ description: 'Null if the hook confirmed the test.' })),
          }),
        ),
      },
      'The result for each hook.',
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
