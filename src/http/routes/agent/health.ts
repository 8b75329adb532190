/** GET /health */
import { Type } from 'typebox';
import { instant } from '../../../kernel/clock.js';
import type { Route } from '../../server/route.js';
import { Instant, success } from '../../schemas/common.js';

const schema = {
  summary: 'Says that the daemon runs',
  tags: ['Operation'],
  security: [],
  response: {
    200: success(
      { status: Type.Enum(['ok', 'degraded']), timestamp: Instant },
      'It runs; degraded: nothing can be recorded right now.',
    ),
  },
};

export const healthRoute: Route = (app, { clock, state }) => {
  app.get('/health', { schema }, () => ({
    success: true as const,
    status: state.failing === undefined && !state.broken ? ('ok' as const) : ('degraded' as const),
    timestamp: instant(clock),
  }));
};
