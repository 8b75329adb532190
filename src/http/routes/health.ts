/** GET /health */
import { Type } from 'typebox';
import { instant } from '../../domain/clock.js';
import type { Route } from '../route.js';
import { Instant, success } from '../schemas/common.js';

const schema = {
  summary: 'Says that the daemon runs',
  tags: ['Operation'],
  security: [],
  response: { 200: success({ status: Type.Literal('ok'), timestamp: Instant }, 'It runs.') },
};

export const healthRoute: Route = (app, { clock }) => {
  app.get('/health', { schema }, () => ({
    success: true as const,
    status: 'ok' as const,
    timestamp: instant(clock),
  }));
};
