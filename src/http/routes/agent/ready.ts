/** GET /ready */
import { Type } from 'typebox';
import { AgentError } from '../../../kernel/errors.js';
import { word } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

export const readyRoute = jsonRoute({
  call: 'GET /ready',
  id: 'getReadiness',
  tag: 'Operation',
  summary: 'Check that the agent accepts requests',
  description:
    'The response says only whether the agent is ready. If it is not ready, the log contains the ' +
    'reason.',
  answer: Type.Object({ status: word(['ready'], 'Always `ready`.', 'ready') }),
  answers: { 200: 'Requests are accepted.' },
  failures: ['not_ready'],
  handle: async (_, context) => {
    const { ready, reasons } = await context.ready();
    if (!ready) {
      const detail = reasons.join('; ');
      // a caller at the socket gets the reason, because such a caller is allowed to read the log as well
      const said =
        context.listener === 'socket' ? `The agent is not ready: ${detail}.` : 'The agent is not ready.';
      throw new AgentError('not_ready', said, { detail });
    }
    return { status: 'ready' as const };
  },
});
