/** DELETE /tokens/{id}: only at the unix socket. */
import { Type } from 'typebox';
import { revokeToken } from '../../../tokens/revoke-token.js';
import { viewToken } from '../../../tokens/tokens.js';
import { TokenId, TokenView } from '../../schemas/token.js';
import { jsonRoute } from '../../server/endpoint.js';

export const revokeTokenRoute = jsonRoute({
  call: 'DELETE /tokens/:id',
  id: 'revokeToken',
  tag: 'Tokens',
  summary: 'Revoke a token',
  params: Type.Object({ id: TokenId }),
  answer: TokenView,
  answers: {
    200: {
      when: 'The token was revoked by this request or by an earlier one.',
      example: { revoked_at: '2026-03-01T12:30:00.000Z', live: false },
    },
  },
  failures: ['token_not_found', 'state_unavailable'],
  handle: async ({ params, request }, context) => {
    const token = await revokeToken(context, params.id);
    request.log.info({ token: token.id, name: token.name, panel: token.panel }, 'token revoked');
    return viewToken(token, context.clock.now());
  },
});
