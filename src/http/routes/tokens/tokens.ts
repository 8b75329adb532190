/** POST /tokens, GET /tokens: only at the unix socket. */
import { Type } from 'typebox';
import { createToken } from '../../../tokens/create-token.js';
import { invalid } from '../../../kernel/invalid.js';
import type { ModuleView } from '../../../model/module-view.js';
import { isModulePermission, PANEL_PERMISSIONS, PERMISSIONS } from '../../../model/permissions.js';
import { viewConfigured, viewToken } from '../../../tokens/tokens.js';
import { ExpiresAtIn, TokenText, TokenView } from '../../schemas/token.js';
import { permissionsOfModule } from '../../schemas/module-routes.js';
import { jsonRoute } from '../../server/endpoint.js';

/** Throws `invalid_request` for a permission that no module declares, because it would never allow anything. */
function refuseUndeclared(permissions: readonly string[], modules: readonly ModuleView[]): void {
  const declared = new Set(modules.flatMap(permissionsOfModule));
  const unknown = permissions.find((one) => isModulePermission(one) && !declared.has(one));
  if (unknown !== undefined)
    throw invalid({ permissions: `must not name ${unknown}, which no installed module declares` });
}

export const createTokenRoute = jsonRoute({
  call: 'POST /tokens',
  id: 'createToken',
  tag: 'Tokens',
  summary: 'Create a token',
  body: Type.Object({
    name: Type.String({
      minLength: 1,
      maxLength: 100,
      'x-rule': 'must be text of 1 to 100 characters',
      description: 'A name for the token. No other active token may have the same name.',
      examples: ['paymenter'],
    }),
    panel: Type.Optional(
      Type.String({
        maxLength: 64,
        'x-rule': 'must be the name of a panel',
        description: 'The panel to which the token belongs. If the field is omitted, the panel is `default`.',
        examples: ['default'],
      }),
    ),
    permissions: Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), {
        maxItems: 100,
        'x-rule': 'must be a list of permissions',
        description:
          `The permissions of the token: ${PERMISSIONS.join(', ')}. If the field is omitted, the ` +
          `token gets ${PANEL_PERMISSIONS.join(', ')}. A permission of a module has the form ` +
          '`module:<type>/<name>:<key>`; `GET /modules/{type}/{name}` lists them.',
        examples: [[...PANEL_PERMISSIONS]],
      }),
    ),
    expires_at: ExpiresAtIn,
    networks: Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), {
        maxItems: 100,
        'x-rule': 'must be a list of addresses or networks',
        description:
          'The addresses or networks from which the token may be used. If the field is omitted, any ' +
          'address is allowed.',
        examples: [['192.0.2.7']],
      }),
    ),
  }),
  answer: Type.Object({ token: TokenText, ...TokenView.properties }),
  answers: { 201: 'The token was created.' },
  failures: ['token_exists', 'state_unavailable'],
  handle: async ({ body, request, reply }, context) => {
    refuseUndeclared(body.permissions ?? [], context.modules());
    const { text, token } = await createToken(context, body);
    request.log.info({ token: token.id, name: token.name, panel: token.panel }, 'token created');
    void reply.header('cache-control', 'no-store');
    return { token: text, ...viewToken(token, context.clock.now()) };
  },
});

export const listTokensRoute = jsonRoute({
  call: 'GET /tokens',
  id: 'listTokens',
  tag: 'Tokens',
  summary: 'List the tokens of all panels',
  answer: Type.Object({
    tokens: Type.Array(TokenView, { description: 'All tokens, including those in the configuration.' }),
  }),
  answers: { 200: 'The tokens.' },
  handle: (_, { state, config, clock }) => ({
    tokens: [
      ...config.api.tokens.map(viewConfigured),
      ...state.tokens.list().map((token) => viewToken(token, clock.now())),
    ],
  }),
});
