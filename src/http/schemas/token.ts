/** Tokens in requests and responses. */
import { Type } from 'typebox';
import { PANEL_PERMISSIONS } from '../../model/permissions.js';
import { TOKEN } from './examples.js';
import { flag, instant, list, nullable, text, whole } from './fields.js';

export const TokenText = text(
  'The text of the token. Only this response contains it.',
  'ik_mC3yXo1bq0sVJ5uHkq2n8RwT7dLzPfEa9gNvYi4xQ6o',
);

export const ExpiresAtIn = Type.Optional(
  Type.Union([Type.String(), Type.Null()], {
    'x-rule': 'must be a timestamp (RFC 3339)',
    description: 'When the token expires, RFC 3339. Null: never.',
    examples: ['2027-03-01T00:00:00Z'],
  }),
);

export const TokenId = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'The ID of the token, or its name if only one token has it.',
  examples: ['paymenter'],
});

export const TokenView = Type.Object(
  {
    id: text('The ID of the token. It does not change when the token is rotated.', TOKEN),
    name: text('The name of the token.', 'paymenter'),
    panel: text('The panel that the token belongs to.', 'default'),
    permissions: list('The permissions of the token.', PANEL_PERMISSIONS),
    networks: list('The addresses or networks from which the token may be used. Empty: any address.', [
      '192.0.2.7',
    ]),
    created_at: nullable(instant('When the token was created. Null: it is defined in the configuration.')),
    expires_at: nullable(instant('When the token expires. Null: never.'), null),
    revoked_at: nullable(instant('When the token was revoked. Null: it was not revoked.'), null),
    former_until: nullable(
      instant('When the text from before a rotation becomes invalid. Null: only the current text is valid.'),
      null,
    ),
    texts: whole('The number of valid token values: the current one, and those from before rotations.', 1),
    live: flag('True: the token is valid.', true),
  },
  { title: 'Token', description: 'An API token, without its text.' },
);
