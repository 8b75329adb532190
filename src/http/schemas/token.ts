/** Tokens in requests and responses. */
import { Type } from 'typebox';
import { PANEL_PERMISSIONS } from '../../model/permissions.js';
import { TOKEN } from './examples.js';
import { flag, instant, list, nullable, text, whole } from './fields.js';

export const TokenText = text(
  'The value of the token. No other response contains it.',
  'ik_mC3yXo1bq0sVJ5uHkq2n8RwT7dLzPfEa9gNvYi4xQ6o',
);

export const ExpiresAtIn = Type.Optional(
  Type.Union([Type.String(), Type.Null()], {
    'x-rule': 'must be a timestamp (RFC 3339)',
    description:
      'The time at which the token expires (RFC 3339). If the value is null, the token never expires.',
    examples: ['2027-03-01T00:00:00Z'],
  }),
);

export const TokenId = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'The ID of the token, or the name of the token if no other token has this name.',
  examples: ['paymenter'],
});

export const TokenView = Type.Object(
  {
    id: text('The ID of the token. A rotation does not change the ID.', TOKEN),
    name: text('The name of the token.', 'paymenter'),
    panel: text('The panel to which the token belongs.', 'default'),
    permissions: list('The permissions of the token.', PANEL_PERMISSIONS),
    networks: list(
      'The addresses or networks from which the token may be used. If the list is empty, any address is ' +
        'allowed.',
      ['192.0.2.7'],
    ),
    created_at: nullable(
      instant(
        'The time at which the token was created. The value is null if the token is defined in the ' +
          'configuration.',
      ),
    ),
    expires_at: nullable(
      instant('The time at which the token expires. The value is null if the token never expires.'),
      null,
    ),
    revoked_at: nullable(
      instant('The time at which the token was revoked. The value is null if the token was not revoked.'),
      null,
    ),
    former_until: nullable(
      instant(
        'The time at which earlier values of the token become invalid. The field is null if only the ' +
          'current value is valid.',
      ),
      null,
    ),
    texts: whole(
      'The number of valid values of the token: the current value, and earlier values that are still ' +
        'valid after a rotation.',
      1,
    ),
    live: flag('True if the token is valid now.', true),
  },
  { title: 'Token', description: 'An API token without its secret value.' },
);
