/** DELETE /tokens/{id}: only at the unix socket. */
import { Type } from 'typebox';
import { revokeToken } from '../../../tokens/revoke-token.js';
import { viewToken } from '../../../tokens/tokens.js';
import type { Route } from '../../server/route.js';
import { failures, success } from '../../schemas/common.js';
import { tokenProperties } from './tokens.js';

const schema = {
  summary: 'Revokes a token',
  tags: ['Tokens'],
  params: Type.Object({
    id: Type.String({ minLength: 1, maxLength: 100, description: 'Id, or a name used once.' }),
  }),
  response: {
    200: success(tokenProperties, 'Revoked; also when it was before.'),
  },
  failures: failures('token_not_found', 'state_unavailable'),
};

export const revokeTokenRoute: Route = (app, context) => {
  app.delete('/tokens/:id', { schema }, async (request) => {
    const token = await revokeToken(context, request.params.id);
    request.log.info({ token: token.id, name: token.name, panel: token.panel }, 'token revoked');
    return { success: true as const, ...viewToken(token, context.clock.now()) };
  });
};
