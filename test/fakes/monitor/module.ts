/** A plugin whose routes return every kind of reply, use the agent, or have an accident. */
import { writeSync } from 'node:fs';
import { AgentError } from '../../../src/kernel/errors.js';
import type { Json } from '../../../src/kernel/json.js';
import { Plugin } from '../../../src/modules/kit/plugin.js';
import type { Handler, ModuleRequest, Reply, RequestContext } from '../../../src/modules/kit/request.js';
import type { AdminRoute } from '../../../src/modules/kit/routes.js';

const get = (path: string, handler: Handler | string, also: Partial<AdminRoute> = {}): AdminRoute => ({
  ...{ method: 'get', path, permission: 'view', handler },
  ...also,
});

/** It stays as long as the process. */
let calls = 0;

async function* numbers(): AsyncGenerator<string> {
  for (let n = 0; n < 2_000; n += 1) yield `${String(n).padStart(99, '.')}\n`;
}

const ACCIDENTS: Readonly<Record<string, (context: RequestContext) => unknown>> = {
  loop() {
    for (;;);
  },
  forever: () => new Promise(() => {}),
  exit: () => process.exit(3),
  'exit-well': () => process.exit(0),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  numbers() {
    const all: number[] = [];
    for (;;) all.push(all.length);
  },
  async buffers() {
    const all: Buffer[] = [];
    for (let mb = 0; mb < 600; mb += 50) all.push(Buffer.alloc(50 * 1024 ** 2, 1));
    await new Promise(() => {});
  },
  regex: () => /^(a+)+$/.test(`${'a'.repeat(60)}!`),
  async 'late-throw'() {
    setTimeout(() => {
      throw new Error('thrown behind its back');
    }, 5);
    await new Promise(() => {});
  },
  prototypes() {
    Object.defineProperty(Object.prototype, 'toJSON', { value: () => 'poisoned' });
    return { json: {} };
  },
  async flood() {
    const line = `${JSON.stringify({ kind: 'log', level: 'info', step: 'x', message: 'raw', fields: {} })}\n`;
    for (;;) writeSync(3, line.repeat(50));
  },
  'large-message': () => void writeSync(3, 'x'.repeat(5 * 1024 ** 2)),
  'false-reply'() {
    writeSync(3, '{"kind":"reply","reply":{"status":"fine","headers":{}}}\n');
    return new Promise(() => {});
  },
  'large-reply': () => ({ text: 'x'.repeat(2 * 1024 ** 2) }),
  'not-a-reply': () => ({ html: 'x' }),
  bigint: () => ({ json: 1n }),
  date: () => new Date(),
  cycle() {
    const all: { self?: object } = {};
    all.self = all;
    return { json: all };
  },
  throws() {
    throw new Error('no luck with secret-4711');
  },
  refuses() {
    throw new AgentError('remote_unreachable', 'The server does not respond.', { detail: '10.0.0.7' });
  },
  lines(context) {
    for (let n = 0; n < 10_000; n += 1) context.log.info('spam');
    return { json: 'logged' };
  },
  containers: (context) => (Reflect.get(context, 'container') as Reply | undefined) ?? { json: 'none' },
};

export default class Monitor extends Plugin {
  readonly info = {
    ...{ type: 'plugin' as const, name: 'monitor', title: 'Monitor', description: '', version: '1.0.0' },
    author: 'x',
  };
  readonly settings = {
    type: 'object',
    properties: { interval: { type: 'integer', default: 60 } },
  };
  override readonly permissions = [
    { key: 'view', name: 'View' },
    { key: 'manage', name: 'Manage' },
  ];
  override readonly collections = {
    checks: {
      schema: { type: 'object', properties: { host: { type: 'string' } } },
      unique: { host: ['host'] },
    },
  };
  override readonly adminApiRoutes: readonly AdminRoute[] = [
    get('echo/{word}', 'echo'),
    get('echo/fixed', () => ({ json: 'fixed' })),
    get('echo/{word}', 'echo', { method: 'POST', permission: 'manage' }),
    get('count', () => ({ json: (calls += 1) })),
    get('pid', () => ({ json: process.pid })),
    get('sign', async ({ secrets, crypto }) => {
      const key = await secrets.put('token', 'a token of the module');
      return { json: await crypto.hmac({ algorithm: 'sha256', key, parts: ['x'] }) };
    }),
    get('empty', () => undefined),
    get('redirect', () => ({ redirect: '/elsewhere' })),
    get('redirect-out', () => ({ redirect: 'javascript:alert(1)' })),
    get('headers', () => ({
      ...{ text: 'x', status: 201 },
      headers: {
        ETag: '"1"',
        'Set-Cookie': 'session=1',
        'X-Accel-Redirect': '/etc/passwd',
        Vary: 'a\r\nb: c',
      },
    })),
    get('stream', () => ({ stream: numbers(), type: 'text/csv', filename: 'all ü.csv' })),
    get('errors', () => ({ errors: { host: 'is not known' }, message: 'Please correct the form.' })),
    get('checks', 'addCheck', {
      ...{ method: 'POST', permission: 'configuration' },
      input: {
        type: 'object',
        properties: {
          host: { type: 'string', minLength: 3, transform: ['trim'], 'x-rule': 'must have 3 letters' },
          port: { type: 'integer', default: 443 },
        },
        required: ['host'],
      },
    }),
    get('checks', 'listChecks'),
    get('limited', () => ({ json: 'ok' }), { rateLimit: 2 }),
    get('accident/{name}', (context, { params }) => ACCIDENTS[params['name'] ?? '']?.(context) as Reply),
  ];

  echo({ actor, settings, module, instance }: RequestContext, request: ModuleRequest): Reply {
    const { method, path, params, query, headers, text } = request;
    return {
      json: {
        ...{ method, path, params, query, headers, text, settings, module, instance },
        bytes: request.body.length,
        actor: actor && {
          id: actor.id,
          name: actor.name,
          can: ['view', 'manage'].map((key) => actor.can(key)),
        },
      } as unknown as Json,
    };
  }

  async addCheck({ collections, cache, log }: RequestContext, { input }: ModuleRequest): Promise<Reply> {
    const { host, port } = input as { host: string; port: number };
    await cache.put('last', host);
    log.info('added', { host, password: 'hunter2' });
    const made = await collections.create('checks', { key: host, data: { host } });
    return { json: { key: made.key, port, last: await cache.get('last') }, status: 201 };
  }

  async listChecks({ collections, t }: RequestContext): Promise<Reply> {
    const { documents } = await collections.page('checks', {});
    return { json: { hosts: documents.map(({ key }) => key), title: t('title') } };
  }
}
