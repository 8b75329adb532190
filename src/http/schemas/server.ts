/** Servers in requests and responses, for operators. */
import { type Static, Type } from 'typebox';
import type { JsonObject } from '../../kernel/json.js';
import { DEFAULT_GROUP, SERVER_WORD } from '../../model/server.js';
import { MASK } from '../../model/service-data.js';
import type { ListedServer } from '../../servers/find-server.js';
import { flag, instant, nullable, text, whole } from './fields.js';

const SERVER_ID = 'srv_3f9c2ab81d7e6054';
const PIN = '6fd1c0a3b6f4b1c9d2e5a8f7063b9c4d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a6b';

const moduleParams = {
  type: Type.String({ maxLength: 64, description: 'The type of the module.', examples: ['product'] }),
  name: Type.String({ maxLength: 200, description: 'The name of the module.', examples: ['panel'] }),
};

export const ServersParams = Type.Object(moduleParams);
export const ServerParams = Type.Object({
  ...moduleParams,
  id: Type.String({ maxLength: 64, description: 'The ID of the server.', examples: [SERVER_ID] }),
});

export const ServerView = Type.Object(
  {
    id: text('The ID of the server.', SERVER_ID),
    name: text('The name of the server. No other server of the module has this name.', 'web1'),
    group: text('The group of the server, which plans name.', DEFAULT_GROUP),
    host: text('The host name or address of the server.', 'web1.example.net'),
    port: whole('The port of the server.', 8443),
    tls: Type.Object(
      {
        enabled: flag('True if the server is contacted with TLS.', true),
        ca: nullable(
          text(
            'The certificates of the authorities that are trusted, in PEM.',
            '-----BEGIN CERTIFICATE-----',
          ),
          null,
        ),
        fingerprint: nullable(
          text('The SHA-256 hash of the only certificate that is accepted, in hexadecimal.', PIN),
        ),
      },
      {
        description:
          'How the certificate of the server is checked. If `ca` and `fingerprint` are null, the ' +
          "system's certificate authorities are trusted.",
      },
    ),
    max_accounts: nullable(
      whole('The maximum number of accounts. The value is null if there is no limit.', 200),
    ),
    active: flag('False if the server gets no new accounts.', true),
    accounts: whole(
      'The number of services with an account on the server, including orders whose account is not ' +
        'created yet.',
      17,
    ),
    room: nullable(
      whole(
        'The number of further accounts that the server can take. The value is null if there is no limit.',
        183,
      ),
    ),
    reachable: nullable(
      flag('Whether the server responded to the last check. The value is null before the first check.', true),
    ),
    problem: nullable(
      text('Why the server did not respond. The value is null if it responded.', 'connect ECONNREFUSED'),
      null,
    ),
    checked_at: nullable(instant('The time of the last check. The value is null before the first check.')),
    data: Type.Unsafe<JsonObject>({
      type: 'object',
      additionalProperties: true,
      description: 'The data of the server, which the module defines.',
      examples: [{}],
    }),
    credentials: Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string' },
      description: `The names of the credentials. Each value is \`${MASK}\`.`,
      examples: [{ token: MASK }],
    }),
    created_at: instant('The time at which the server was added.'),
    updated_at: instant('The time of the last change.'),
  },
  { title: 'Server', description: 'A server on which a product creates accounts.' },
);

const name = (description: string, example: string) =>
  Type.String({
    pattern: SERVER_WORD,
    'x-rule': 'must be 1 to 64 letters, digits, spaces, dots, underscores or hyphens',
    description,
    examples: [example],
  });

const Tls = Type.Object(
  {
    enabled: Type.Optional(
      Type.Boolean({
        description: 'Whether the server is contacted with TLS; the default is true.',
        examples: [true],
      }),
    ),
    ca: Type.Optional(
      Type.Union([Type.String({ maxLength: 65_536 }), Type.Null()], {
        description:
          "Certificates in PEM, which are trusted instead of the system's certificate authorities.",
        examples: [null],
      }),
    ),
    fingerprint: Type.Optional(
      Type.Union([Type.String({ maxLength: 200 }), Type.Null()], {
        description:
          'The SHA-256 hash of the certificate of the server in hexadecimal, with or without colons. Only ' +
          'this certificate is accepted.',
        examples: [PIN],
      }),
    ),
  },
  {
    description:
      'How the certificate of the server is checked; by default with the authorities of the system.',
  },
);

const serverName = name('The name of the server.', 'web1');
const serverHost = Type.String({
  minLength: 1,
  maxLength: 255,
  'x-rule': 'must be a host name or an address',
  description: 'The host name or address of the server. Private addresses are allowed.',
  examples: ['web1.example.net'],
});

const otherFields = {
  group: Type.Optional(name('The group of the server; the default is `default`.', DEFAULT_GROUP)),
  port: Type.Optional(
    Type.Integer({
      ...{ minimum: 1, maximum: 65_535, 'x-rule': 'must be a port from 1 to 65535' },
      description: 'The port of the server. The default is defined by the module.',
      examples: [8443],
    }),
  ),
  tls: Type.Optional(Tls),
  max_accounts: Type.Optional(
    Type.Union([Type.Integer({ minimum: 0, maximum: 1_000_000 }), Type.Null()], {
      'x-rule': 'must be a whole number from 0 to 1000000, or null',
      description: 'The maximum number of accounts. If the value is null or omitted, there is no limit.',
      examples: [200],
    }),
  ),
  active: Type.Optional(
    Type.Boolean({
      description: 'If the value is false, the server gets no new accounts. The default is true.',
      examples: [true],
    }),
  ),
  data: Type.Optional(
    Type.Unsafe<JsonObject>({
      type: 'object',
      'x-rule': 'must be an object',
      additionalProperties: true,
      description: 'The data of the server. `GET /modules/{type}/{name}` shows its schema.',
      examples: [{}],
    }),
  ),
  credentials: Type.Optional(
    Type.Unsafe<Record<string, string | null>>({
      type: 'object',
      additionalProperties: { type: ['string', 'null'] },
      'x-rule': 'must be an object of texts',
      description:
        'The credentials by name, which are stored encrypted. Credentials that are omitted, or whose value ' +
        `is \`${MASK}\`, stay as they are; null removes a credential.`,
      examples: [{ token: 'n0Jt8Kq2wX' }],
    }),
  ),
};

export const NewServer = Type.Object({ name: serverName, host: serverHost, ...otherFields });
export const ServerChange = Type.Object({
  name: Type.Optional(serverName),
  host: Type.Optional(serverHost),
  ...otherFields,
});

export function viewServer({ server, accounts, room, health }: ListedServer): Static<typeof ServerView> {
  const { id, name: named, group, host, port, tls, maxAccounts, active, data, credentials } = server;
  return {
    ...{ id, name: named, group, host, port },
    tls: { enabled: tls !== null, ca: tls?.ca ?? null, fingerprint: tls?.fingerprint ?? null },
    ...{ max_accounts: maxAccounts, active, accounts, room, data },
    reachable: health?.reachable ?? null,
    problem: health?.problem ?? null,
    checked_at: health ? new Date(health.checkedAt).toISOString() : null,
    credentials: Object.fromEntries(Object.keys(credentials).map((credential) => [credential, MASK])),
    ...{ created_at: server.createdAt, updated_at: server.updatedAt },
  };
}
