/** What modules declare about requests: accepted, or refused with the place and the reason. */
import t from 'tap';
import { checkReadModule } from '../../src/modules/discovery/answer.js';
import { declarationsOf } from '../../src/modules/discovery/declare.js';
import type { Declarations } from '../../src/modules/kit/declarations.js';
import type { Module } from '../../src/modules/kit/module.js';
import { Notification, type Sent } from '../../src/modules/kit/notification.js';
import { type Checkout, Payment } from '../../src/modules/kit/payment.js';
import { Plugin } from '../../src/modules/kit/plugin.js';

const handler = (): { json: null } => ({ json: null });
const settings = { type: 'object' } as const;
const info = <T extends Module['info']['type']>(type: T) => ({
  ...{ type, name: 'some', title: 'Some', description: '', version: '1.0.0', author: 'x' },
});

class Monitor extends Plugin {
  readonly info = { ...info('plugin'), icon: 'fas fa-server' };
  readonly settings = settings;
  override readonly permissions = [{ key: 'view', name: 'View' }];
  handle = handler;
}

class Chat extends Notification {
  readonly info = info('notification');
  readonly settings = settings;
  readonly instance = { type: 'object', properties: { token: { type: 'string', secret: true } } };
  send(): Sent {
    return undefined;
  }
}

class Gateway extends Payment {
  readonly info = info('payment');
  readonly settings = settings;
  readonly instance = { type: 'object', properties: {} };
  checkout(): Checkout {
    return { html: '' };
  }
  override refund(): void {}
}

/** As the daemon gets it from the process that reads modules. */
function declared(module: Module, also: object = {}): Declarations {
  const { type, name } = module.info;
  const changed = Object.assign(module, also);
  const request = { type, name, path: '/module.js', settings: {} };
  const sent: unknown = JSON.parse(JSON.stringify(declarationsOf(changed, request)));
  return checkReadModule(sent).declared;
}

const route = (also: object = {}) => ({
  ...{ method: 'get', path: '/server/{uuid}/', permission: 'view', handler },
  ...also,
});

t.test('a module of each type is read with its declarations', async (t) => {
  t.match(
    declared(new Monitor(), {
      adminApiRoutes: [
        route(),
        route({ method: 'POST', permission: 'configuration', handler: 'handle', name: 'a' }),
      ],
      adminWebRoutes: [route({ path: 'servers' })],
      sidebar: [{ title: 'Servers', link: 'servers', permission: 'view' }],
      staticRoutes: { key: { handler } },
      webhooks: { post: 'handle' },
    }),
    {
      info: { icon: 'fas fa-server' },
      routes: {
        permissions: [{ key: 'view', name: 'View', description: '' }],
        api: [
          {
            method: 'GET',
            path: 'server/{uuid}',
            permission: 'view',
            name: null,
            rateLimit: null,
            input: null,
          },
          { method: 'POST', permission: 'configuration', name: 'a' },
        ],
        pages: [{ path: 'servers' }],
        sidebar: [{ link: 'servers', activeLinks: ['servers'] }],
        static: [{ name: 'key', method: 'GET', rateLimit: 120 }],
        webhooks: { get: false, post: true, rateLimit: 600 },
      },
      instance: null,
    },
  );
  t.match(declared(new Chat()), {
    abilities: ['send'],
    instance: { properties: { token: { secret: true } } },
    routes: { api: [], webhooks: { get: false, post: false } },
  });
  t.match(declared(new Gateway()), { abilities: ['checkout', 'refund'], instance: { type: 'object' } });
});

t.test('a mistake is named with its place', async (t) => {
  const mistakes: [object, RegExp][] = [
    [{ permissions: [{ key: 'configuration', name: 'x' }] }, /permissions\.0 has the key "configuration"/],
    [
      {
        permissions: [
          { key: 'a', name: 'x' },
          { key: 'a', name: 'y' },
        ],
      },
      /permissions\.1 has the key "a" of another/,
    ],
    [{ permissions: [{ key: 'View All', name: 'x' }] }, /permissions\.0\.key/],
    [{ adminApiRoutes: {} }, /routes\.api/],
    [{ adminApiRoutes: [7] }, /routes\.api\.0/],
    [
      { adminApiRoutes: [route({ permission: 'veiw' })] },
      /its adminApiRoutes\.0 \(GET server\/\{uuid\}\) has the permission "veiw", which is not declared/,
    ],
    [
      { adminApiRoutes: [route({ handler: 'shwo' })] },
      /adminApiRoutes\.0 .* has the handler "shwo", and the module/,
    ],
    [{ adminApiRoutes: [route({ handler: undefined })] }, /adminApiRoutes\.0 .* has no handler/],
    [{ adminApiRoutes: [route({ method: 'BREW' })] }, /routes\.api\.0\.method/],
    [{ adminApiRoutes: [route({ path: 'a b' })] }, /routes\.api\.0\.path/],
    [{ adminApiRoutes: [route({ path: '{a}/{a}' })] }, /has a parameter twice/],
    [{ adminApiRoutes: [route({ rateLimit: 0 })] }, /routes\.api\.0\.rateLimit/],
    [{ adminApiRoutes: [route({ middleware: [] })] }, /routes\.api\.0\.middleware is unknown/],
    [
      { adminApiRoutes: [route(), route({ path: 'server/{id}' })] },
      /adminApiRoutes\.1 has the method and path/,
    ],
    [
      { adminApiRoutes: [route({ name: 'x' }), route({ path: 'other', name: 'x' })] },
      /adminApiRoutes\.1 has the name "x" of another route/,
    ],
    [
      { adminApiRoutes: [route({ input: { type: 'array' } })] },
      /adminApiRoutes\.0\.input must have the type "object"/,
    ],
    [
      { sidebar: [{ title: 'x', link: 'nowhere', permission: 'view' }] },
      /sidebar\.0 names the page "nowhere", which is not in adminWebRoutes/,
    ],
    [
      { adminWebRoutes: [route({ path: 'a' })], sidebar: [{ title: 'x', link: 'a', permission: 'veiw' }] },
      /sidebar\.0 has the permission "veiw"/,
    ],
    [
      {
        adminWebRoutes: [route({ path: 'a' })],
        sidebar: [1, 2].map(() => ({ title: 'x', link: 'a', permission: 'view' })),
      },
      /sidebar\.1 has the link of another entry/,
    ],
    [{ staticRoutes: { 'a/b': { handler } } }, /routes\.static\.0\.name/],
    [{ staticRoutes: { a: { method: 'PUT', handler } } }, /routes\.static\.0\.method/],
    [{ webhooks: { post: 'missing' } }, /webhooks\.post has the handler "missing"/],
    [{ webhooks: { put: handler } }, /its webhooks\.put is unknown/],
    [{ instance: { type: 'object' } }, /instance must not exist in a module of the type plugin/],
  ];
  for (const [also, problem] of mistakes)
    t.throws(() => declared(new Monitor(), also), { message: problem }, String(problem));
  const without: [Module, object, RegExp][] = [
    [new Chat(), { instance: null }, /instance is missing: a notification module must describe/],
    [new Chat(), { send: null }, /default export has no method send/],
    [new Gateway(), { checkout: null }, /default export has no method checkout/],
    [new Gateway(), { instance: { type: 'object', $ref: '#' } }, /instance must not contain \$ref/],
  ];
  for (const [module, also, problem] of without)
    t.throws(() => declared(module, also), { message: problem }, String(problem));
});
