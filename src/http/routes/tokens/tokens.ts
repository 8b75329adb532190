/** POST /tokens, GET /tokens: only at the unix socket. */
import { Type } from 'typebox';
import { createToken } from '../../../tokens/create-token.js';
import { PANEL_PERMISSIONS } from '../../../model/permissions.js';
import { viewConfigured, viewToken } from '../../../tokens/tokens.js';
import type { Route } from '../../server/route.js';
import { failures, Instant, nullable, success } from '../../schemas/common.js';

export const tokenProperties = {
  id: Type.String(),
  name: Type.String(),
  panel: Type.String(),
  permissions: Type.Array(Type.String()),
  networks: Type.Array(Type.String()),
  created_at: nullable(
    Type.String({ format: 'date-time', description: 'Null: it stands in the configuration.' }),
  ),
  expires_at: nullable(Instant),
  revoked_at: nullable(Instant),
  former_until: nullable(
    Type.String({
      format: 'date-time',
      description: 'Until then its text of before a rotation is good too.',
    }),
  ),
  live: Type.Boolean(),
};

const createSchema = {
  summary: 'Makes a token',
  tags: ['Tokens'],
  body: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 100, 'x-rule': 'must be text of 1 to 100 characters' }),
    panel: Type.Optional(Type.String({ maxLength: 64, 'x-rule': 'must be the name of a panel' })),
    permissions: Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), {
        maxItems: 100,
        'x-rule': 'must be a list of permissions',
        description: `Without it: ${PANEL_PERMISSIONS.join(', ')}.`,
      }),
    ),
    expires_at: Type.Optional(
      Type.Union([Type.String(), Type.Null()], { 'x-rule': 'must be an instant (RFC 3339)' }),
    ),
    networks: Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), {
        maxItems: 100,
        'x-rule': 'must be a list of addresses or networks',
      }),
    ),
  }),
  response: {
    201: success({ token: Type.String({ description: 'Shown this once.' }), ...tokenProperties }, 'Made.'),
  },
  failures: failures('invalid_json', 'state_unavailable'),
};

export const createTokenRoute: Route = (app, context) => {
  app.post('/tokens', { schema: createSchema }, async (request, reply) => {
    const { text, token } = await createToken(context, request.body);
    request.log.info({ token: token.id, name: token.name, panel: token.panel }, 'token made');
    void reply.header('cache-control', 'no-store');
    const view = viewToken(token, context.clock.now());
    return reply.code(201).send({ success: true, token: text, ...view });
  });
};

const listSchema = {
  summary: 'Lists the tokens of all panels',
  tags: ['Tokens'],
  response: {
    200: success(
      { tokens: Type.Array(Type.Object(tokenProperties)) },
      'All tokens, those of the configuration too.',
    ),
  },
  failures: failures(),
};

export const listTokensRoute: Route = (app, { state, config, clock }) => {
  app.get('/tokens', { schema: listSchema }, () => ({
    success: true as const,
    tokens: [
      ...config.api.tokens.map(viewConfigured),
      ...state.tokens.list().map((token) => viewToken(token, clock.now())),
    ],
  }));
};
