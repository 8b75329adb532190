/** GET /ready */
import { Type } from 'typebox';
import { AgentError } from '../../../kernel/errors.js';
import type { Route } from '../../server/route.js';
import { failuresOf, success } from '../../schemas/common.js';

const schema = {
  summary: 'Says whether calls are taken',
  description: 'Up or down only; the reason is in the log.',
  tags: ['Operation'],
  security: [],
  response: {
    200: success({ status: Type.Literal('ready') }, 'Calls are taken.'),
  },
  failures: failuresOf('not_ready', 'shutting_down'),
};

export const readyRoute: Route = (app, context) => {
  app.get('/ready', { schema }, async () => {
    const { ready, reasons } = await context.ready();
    if (!ready) {
      const detail = reasons.join('; ');
      // whoever may use the socket may read the log as well
      const said =
        context.door === 'socket' ? `The agent is not ready: ${detail}.` : 'The agent is not ready.';
      throw new AgentError('not_ready', said, { detail });
    }
    return { success: true as const, status: 'ready' as const };
  });
};
