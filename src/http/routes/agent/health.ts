/** GET /health */
import { Type } from 'typebox';
import { instant as now } from '../../../kernel/clock.js';
import { instant, word } from '../../schemas/fields.js';
import { jsonRoute } from '../../server/endpoint.js';

export const healthRoute = jsonRoute({
  call: 'GET /health',
  id: 'getHealth',
  tag: 'Operation',
  summary: 'Check that the agent is running',
  answer: Type.Object({
    status: word(
      ['ok', 'degraded'],
      '`ok`: the agent is running. `degraded`: the agent is running, but cannot record changes at the ' +
        'moment.',
      'ok',
    ),
    timestamp: instant('The current time according to the agent.'),
  }),
  answers: { 200: 'The agent is running.' },
  handle: (_, { clock, state }) => ({
    status: state.failing === undefined && !state.broken ? ('ok' as const) : ('degraded' as const),
    timestamp: now(clock),
  }),
});
