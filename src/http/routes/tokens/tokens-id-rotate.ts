/** POST /tokens/{id}/rotate: only at the unix socket. */
import { Type } from 'typebox';
import { rotateToken } from '../../../tokens/rotate-token.js';
import { viewToken } from '../../../tokens/tokens.js';
import { ExpiresAtIn, TokenId, TokenText, TokenView } from '../../schemas/token.js';
import { jsonRoute } from '../../server/endpoint.js';

const DAY_S = 86_400;

export const rotateTokenRoute = jsonRoute({
  call: 'POST /tokens/:id/rotate',
  id: 'rotateToken',
  tag: 'Tokens',
  summary: 'Rotate a token',
  description:
    'Gives the token a new value. The old value remains valid for `overlap_s` seconds, so that the ' +
    'panel can be reconfigured without interruption.',
  params: Type.Object({ id: TokenId }),
  body: Type.Object({
    overlap_s: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 366 * DAY_S,
        'x-rule': 'must be a number of seconds, at most a year',
        description:
          'How long the old value remains valid, in seconds. If the field is omitted, the old value ' +
          'remains valid for one day.',
        examples: [DAY_S],
      }),
    ),
    now: Type.Optional(
      Type.Boolean({
        'x-rule': 'must be true or false',
        description:
          'If true, all earlier values are revoked immediately, including those that previous rotations ' +
          'replaced.',
        examples: [false],
      }),
    ),
    expires_at: ExpiresAtIn,
  }),
  answer: Type.Object({ token: TokenText, ...TokenView.properties }),
  answers: {
    200: { when: 'The token has a new value.', example: { former_until: '2026-03-02T12:00:00.000Z' } },
  },
  failures: ['token_not_found', 'state_unavailable'],
  handle: async ({ params, body, request, reply }, context) => {
    const { overlap_s: overlapS = DAY_S, expires_at: expiresAt, now: atOnce = false } = body;
    const { text, token } = await rotateToken(context, params.id, { overlapS, atOnce, expiresAt });
    request.log.info({ token: token.id, name: token.name, panel: token.panel }, 'token rotated');
    void reply.header('cache-control', 'no-store');
    return { token: text, ...viewToken(token, context.clock.now()) };
  },
});
