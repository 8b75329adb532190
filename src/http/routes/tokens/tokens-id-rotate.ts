/** POST /tokens/{id}/rotate: only at the unix socket. */
import { Type } from 'typebox';
import { rotateToken } from '../../../tokens/rotate-token.js';
import { viewToken } from '../../../tokens/tokens.js';
import type { Route } from '../../server/route.js';
import { failures, success } from '../../schemas/common.js';
import { tokenProperties } from './tokens.js';

const DAY_S = 86_400;

const schema = {
  summary: 'Gives a token a new text',
  description:
    'The old text stays good for `overlap_s`, so that the panel can be changed over without a gap.',
  tags: ['Tokens'],
  params: Type.Object({
    id: Type.String({ minLength: 1, maxLength: 100, description: 'Id, or a name used once.' }),
  }),
  body: Type.Object({
    overlap_s: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 366 * DAY_S,
        'x-rule': 'must be a number of seconds, at most a year',
        description: 'Seconds; without it a day.',
      }),
    ),
    expires_at: Type.Optional(
      Type.Union([Type.String(), Type.Null()], { 'x-rule': 'must be an instant (RFC 3339)' }),
    ),
  }),
  response: {
    200: success(
      { token: Type.String({ description: 'Shown this once.' }), ...tokenProperties },
      'The new text.',
    ),
  },
  failures: failures('invalid_json', 'token_not_found', 'state_unavailable'),
};

export const rotateTokenRoute: Route = (app, context) => {
  app.post('/tokens/:id/rotate', { schema }, async (request, reply) => {
    const { overlap_s: overlapS = DAY_S, expires_at: expiresAt } = request.body;
    const { text, token } = await rotateToken(context, request.params.id, { overlapS, expiresAt });
    request.log.info({ token: token.id, name: token.name, panel: token.panel }, 'token rotated');
    void reply.header('cache-control', 'no-store');
    return { success: true as const, token: text, ...viewToken(token, context.clock.now()) };
  });
};
