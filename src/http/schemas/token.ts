/** Tokens in bodies and answers. */
import { Type } from 'typebox';
import { PANEL_PERMISSIONS } from '../../model/permissions.js';
import { TOKEN } from './examples.js';
import { flag, instant, list, nullable, text, whole } from './fields.js';

export const TokenText = text(
  'The token itself. It is shown only in this answer.',
  'ik_mC3yXo1bq0sVJ5uHkq2n8RwT7dLzPfEa9gNvYi4xQ6o',
);

export const ExpiresAtIn = Type.Optional(
  Type.Union([Type.String(), Type.Null()], {
    'x-rule': 'must be an instant (RFC 3339)',
    description: 'When the token expires, RFC 3339. Null: never.',
    examples: ['2027-03-01T00:00:00Z'],
  }),
);

export const TokenId = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'The id of the token, or its name if only one token has it.',
  examples: ['paymenter'],
});

export const TokenView = Type.Object(
  {
    id: text('The id of the token. It stays the same when the token is rotated.', TOKEN),
    name: text('Its name.', 'paymenter'),
    panel: text('The panel that it belongs to.', 'default'),
    permissions: list('What it may do.', PANEL_PERMISSIONS),
    networks: list('Where it may be used from. Empty: from everywhere.', ['192.0.2.7']),
    created_at: nullable(instant('When it was created. Null: it is in the configuration.')),
    expires_at: nullable(instant('When it expires. Null: never.'), null),
    revoked_at: nullable(instant('When it was revoked. Null: it was not.'), null),
    former_until: nullable(
      instant('Until when its text from before a rotation is accepted, too. Null: only the present one is.'),
      null,
    ),
    texts: whole('How many texts of it are accepted: the present one, and those from before rotations.', 1),
    live: flag('True: it is accepted.', true),
  },
  { title: 'Token', description: 'An API token, without its text.' },
);
