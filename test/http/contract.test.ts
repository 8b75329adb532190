import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { X509CertificateGenerator } from '@peculiar/x509';
import t from 'tap';
import { systemClock } from '../../src/kernel/clock.js';
import { Secret } from '../../src/kernel/secret.js';
import { eraseCredentials } from '../../src/services/erase-credentials.js';
import type { Service } from '../../src/model/service.js';
import { testConfig } from '../fakes/config.js';
import { asObject, fields, guest, makeRig, ORDER, view } from './harness.js';
import type { Changes } from '../fakes/parts.js';
import { testFolder } from '../test-folder.js';

const SHAPE = { success: false, error: /^\S.*\.$/, code: /^[a-z_]+$/, request_id: /./ };

t.test('every failure has the one shape', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  rig.app.log.level = 'silent';
  const send = (options: object) =>
    rig.app.inject({
      method: 'POST',
      url: '/create-site',
      ...options,
      headers: {
        authorization: `Bearer ${rig.tokens.panel}`,
        ...('headers' in options ? fields(options.headers) : {}),
      },
    });
  const json = { 'content-type': 'application/json' };
  const cases: [string, object, number, string][] = [
    ['broken JSON', { headers: json, payload: '{"service_id":' }, 400, 'invalid_json'],
    ['an empty body', { headers: json, payload: '' }, 400, 'invalid_request'],
    ['a poisoned prototype', { headers: json, payload: '{"__proto__":{"a":1}}' }, 400, 'invalid_json'],
    ['a list', { headers: json, payload: '[]' }, 400, 'invalid_request'],
    ['null', { headers: json, payload: 'null' }, 400, 'invalid_request'],
    ['nothing', {}, 400, 'invalid_request'],
    [
      'a form',
      { headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: 'a=1' },
      415,
      'unsupported_media_type',
    ],
    [
      'an unreadable type',
      { headers: { 'content-type': ';;' }, payload: 'a=1' },
      415,
      'unsupported_media_type',
    ],
    [
      'too much',
      { headers: json, payload: JSON.stringify({ properties: { a: 'x'.repeat(20_000) } }) },
      413,
      'payload_too_large',
    ],
    ['an unknown call', { url: '/create-sites', payload: 'a' }, 404, 'route_not_found'],
    ['another case', { url: '/CREATE-SITE', payload: {} }, 404, 'route_not_found'],
    ['a broken escape', { method: 'GET', url: '/services/%zz' }, 404, 'route_not_found'],
    ['an endless id', { method: 'GET', url: `/services/${'a'.repeat(500)}` }, 404, 'route_not_found'],
    ['a wrong id', { method: 'GET', url: '/services/%2e%2e%2f' }, 400, 'invalid_request'],
    ['a wrong job id', { method: 'GET', url: '/jobs/1' }, 400, 'invalid_request'],
    ['a wrong number', { method: 'GET', url: '/jobs?limit=many' }, 400, 'invalid_request'],
    ['a wrong cursor', { method: 'GET', url: '/services?cursor=%00' }, 400, 'invalid_request'],
    ['twice the same', { method: 'GET', url: '/status?service_id=1&service_id=2' }, 400, 'invalid_request'],
    ['an unknown service', { method: 'GET', url: '/status?service_id=1' }, 404, 'service_not_found'],
    [
      'an unknown job',
      { method: 'GET', url: '/jobs/01900000-0000-7000-8000-000000000000' },
      404,
      'job_not_found',
    ],
  ];
  for (const [what, options, status, code] of cases) {
    const answer = await send(options);
    t.equal(answer.statusCode, status, what);
    t.match(asObject(answer.body), { ...SHAPE, code }, what);
    t.equal(answer.headers['x-request-id'], asObject(answer.body)['request_id']);
    t.match(answer.headers['content-type'], /^application\/json/);
  }
});

t.test('what Laravel makes of a call is understood', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const send = async (url: string, payload: string, method: 'GET' | 'POST' = 'POST') => {
    const answer = await rig.app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${rig.tokens.admin}`, 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { payload }),
    });
    return { status: answer.statusCode, body: asObject(answer.body) };
  };
  const order = '"email":"customer\\u0040example.com","plan":"basic","public_ip":"203.0.113.10"';
  t.match(
    await send('/create-site/', `{"service_id":12,${order},"subdomain":null,"user_id":null,"properties":[]}`),
    { status: 202, body: { service_id: '12' } },
    'null is not set, an empty array is an empty object',
  );
  t.match(await send('/create-site', `{"service_id":12.0,${order}}`), {
    status: 202,
    body: { service_id: '12' },
  });
  t.match(await send('/create-site', `{"service_id":null,${order}}`), { status: 400 });
  t.match(await send('/create-site', '[]'), { status: 400, body: { errors: { service_id: 'is required' } } });
  t.match(await send('/services/12/forget', ''), { status: 400, body: { code: 'invalid_request' } });
  for (const none of ['', ' ', '[]', '{}'])
    t.match(
      await send('/jobs/01900000-0000-7000-8000-000000000000/retry', none),
      { status: 404, body: { code: 'job_not_found' } },
      `a call that needs no body, with "${none}"`,
    );
  t.match(await send('/status/?service_id=12&', '', 'GET'), { status: 200 });
  t.match(await send('/services/12/credentials?acknowledge=0', '', 'GET'), { status: 409 });
  t.match(await send('/services?q=a+b&limit=5', '', 'GET'), { status: 200 });
});

t.test('a wrong method names the right one', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  t.match(await rig.call('GET', '/create-site'), {
    status: 405,
    headers: { allow: 'POST' },
    body: { ...SHAPE, code: 'method_not_allowed' },
  });
  t.match(await rig.call('POST', '/services/1/', {}), { status: 405, headers: { allow: 'GET, HEAD' } });
  t.match(await rig.call('DELETE', '/plans', undefined, ''), { status: 405 });
  t.match(await rig.call('HEAD', '/services/1/credentials'), { status: 405, headers: { allow: 'GET' } });
});

t.test('a defect in a handler shows its request id, and its stack only in the log', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  rig.behaviour.roomFor = () => {
    throw new TypeError('cannot read /etc/innkeeper/secret of undefined');
  };
  const answer = await rig.app.inject({
    method: 'POST',
    url: '/create-site',
    payload: ORDER,
    headers: { authorization: `Bearer ${rig.tokens.panel}`, 'x-request-id': 'panel-7.a' },
  });
  t.equal(answer.statusCode, 500);
  t.match(asObject(answer.body), { ...SHAPE, code: 'internal_error', request_id: 'panel-7.a' });
  t.notMatch(answer.body, /etc|TypeError|at /);
  t.ok(
    rig.log.some(
      (line) => line.includes('panel-7.a') && line.includes('TypeError') && line.includes('stack'),
    ),
  );
});

t.test("a caller's request id is kept only when it is harmless", async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  for (const [sent, kept] of [
    ['abc-1', true],
    ['a b', false],
    ['x'.repeat(65), false],
    ['"}', false],
  ] as const) {
    const answer = await rig.app.inject({ url: '/health', headers: { 'x-request-id': sent } });
    t.equal(answer.headers['x-request-id'] === sent, kept, sent);
  }
});

t.test('bytes that are no HTTP get an answer of the same shape, and slow requests an end', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await rig.app.listen({ port: 0, host: '127.0.0.1' });
  const address = rig.app.server.address();
  const { port } =
    typeof address === 'object' && address !== null ? (address satisfies AddressInfo) : { port: 0 };
  const say = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      let heard = '';
      socket.setEncoding('utf8').on('data', (chunk) => (heard += String(chunk)));
      socket.on('close', () => resolve(heard)).on('error', reject);
    });
  const answer = await say('NONSENSE\r\n\r\n');
  t.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  t.match(asObject(answer.split('\r\n\r\n')[1] ?? ''), SHAPE);
  t.match(
    await say(`GET /health HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  );
  const { headersTimeout, requestTimeout, timeout, keepAliveTimeout } = rig.app.server;
  t.same([headersTimeout, requestTimeout, timeout, keepAliveTimeout], [10_000, 30_000, 60_000, 30_000]);
});

t.test('status tells everything about a running site without waiting', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await rig.call('POST', '/create-site', ORDER);
  const status = async () => (await rig.call('GET', '/status/?service_id=12345')).body;
  t.match(await status(), {
    status: 'processing',
    provision_status: 'pending',
    lifecycle: 'creating',
    power: 'unknown',
    job: { method: 'create', step: null },
  });
  await rig.change('default/12345', (service) => ({
    jobs: service.jobs.map((job) => ({
      ...job,
      attempts: 1,
      status: 'waiting',
      error: {
        code: 'dns_unreachable',
        message: 'DNS does not answer.',
        role: 'DNS',
        detail: 'connect 10.9.9.9:53',
        retryable: true,
        step: 'dns',
      },
      waiting: { for: 'DNS', since: '2026-03-01T12:00:00.000Z', until: '2026-03-01T12:00:05.000Z' },
      steps: [
        {
          name: 'container',
          after: [],
          undoable: true,
          pivot: false,
          status: 'done',
          notes: {},
          result: null,
          begun: 1,
          startedAt: null,
          endedAt: null,
        },
        {
          name: 'dns',
          after: [],
          undoable: true,
          pivot: false,
          status: 'pending',
          notes: {},
          result: null,
          begun: 1,
          startedAt: null,
          endedAt: null,
        },
      ],
    })),
  }));
  const waiting = await status();
  t.match(waiting, {
    provision_status: 'processing',
    job: { status: 'waiting', step: 'dns', steps_done: 1, steps_total: 2, waiting: { for: 'DNS' } },
    error: { code: 'dns_unreachable', message: 'DNS does not answer.', step: 'dns', detail: null },
  });
  t.notMatch(JSON.stringify(waiting), /10\.9\.9\.9/);
  await rig.change('default/12345', active);
  rig.cluster.view = view([guest(10_000)]);
  t.match(await status(), {
    success: true,
    service_id: '12345',
    plan: 'basic',
    status: 'running',
    provision_status: 'completed',
    lifecycle: 'active',
    power: 'running',
    reachable: true,
    vmid: 10_000,
    node: 'pve1',
    private_ip: '10.0.0.10',
    subdomain: 'customer',
    fqdn: 'customer.sites.example.net',
    url: 'https://customer.sites.example.net',
    public_ip: '203.0.113.10',
    resources: { cpu: '0.5%', memory: '512MB / 2048MB', disk: '3.1GB / 20GB', uptime: '5 days' },
    usage: { cpu: 0.005, memory_bytes: 536_870_912, uptime_seconds: 432_017 },
    domains: ['customer.sites.example.net'],
    primary_domain: 'customer.sites.example.net',
    proxy: { enabled: true, certificate: null },
    quota: { domains: { used: 0, allowed: 3 }, backups: { used: 1, allowed: 2 } },
    job: null,
    error: null,
    purge_at: null,
    stale_since: null,
  });
  rig.cluster.staleSince = Date.parse('2026-03-01T11:00:00Z');
  t.match(await status(), { status: 'running', reachable: false, stale_since: '2026-03-01T11:00:00.000Z' });
  rig.cluster.view = undefined;
  t.match(await status(), {
    status: 'unknown',
    power: 'unknown',
    resources: { cpu: 'unknown', memory: 'unknown / 2048MB' },
  });
});

t.test('the word for the client is decided in the order of the contract', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await rig.call('POST', '/create-site', ORDER);
  rig.cluster.view = view([guest(10_000, { status: 'stopped' })]);
  const after = async (also: Changes) => {
    await rig.change('default/12345', () => also);
    const { status, provision_status: provision } = (await rig.call('GET', '/status?service_id=12345')).body;
    return [status, provision];
  };
  t.same(await after({ lifecycle: 'active', jobs: [] }), ['stopped', 'completed']);
  t.same(await after({ lifecycle: 'suspended' }), ['suspended', 'suspended']);
  t.same(await after({ lifecycle: 'failed' }), ['failed', 'failed']);
  t.same(await after({ lifecycle: 'terminated' }), ['terminated', 'terminated']);
});

const active = (service: Service): Changes => ({
  lifecycle: 'active',
  node: 'pve1',
  activeAt: '2026-03-01T12:01:00.000Z',
  snapshots: [
    { name: 'initial', kind: 'initial', createdAt: '2026-03-01T12:01:00.000Z' },
    { name: 'BAK01032026-1', kind: 'backup', createdAt: '2026-03-01T12:01:00.000Z' },
  ],
  data: { admin_user: 'admin' },
  secrets: { admin_password: new Secret('pass-word'), db_password: new Secret('other') },
  jobs: service.jobs.map((job) => {
    const ended = { ...job, status: 'completed' as const, endedAt: '2026-03-01T12:01:00.000Z' };
    delete ended.error;
    delete ended.waiting;
    return ended;
  }),
});

t.test('the first credentials are readable until acknowledged, and for a week', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await rig.call('POST', '/create-site', ORDER);
  const read = (query = '', token?: string) =>
    rig.call('GET', `/services/12345/credentials${query}`, undefined, token);
  t.match(await read(), { status: 409, body: { code: 'service_busy' } });
  await rig.change('default/12345', active);
  t.equal((await read('', rig.tokens.reader)).status, 403, 'looking is not enough');
  const first = await read();
  t.match(first, {
    status: 200,
    headers: { 'cache-control': 'no-store' },
    body: {
      username: 'admin',
      password: 'pass-word',
      url: 'https://customer.sites.example.net',
      expires_at: '2026-03-08T12:01:00.000Z',
    },
  });
  t.notMatch(rig.log.join(''), /pass-word/);
  rig.behaviour.now = Date.parse('2026-03-08T12:01:00Z');
  t.match(await read(), { status: 404, body: { code: 'credentials_gone' } });
  rig.behaviour.now = Date.parse('2026-03-02T00:00:00Z');
  t.equal((await read('?acknowledge=maybe')).status, 400);
  const both = await Promise.all([read('?acknowledge=true'), read('?acknowledge=true')]);
  t.same(both.map(({ status }) => status).sort(), [200, 404], 'handed out a last time, once');
  t.match(await read(), { status: 404, body: { code: 'credentials_gone' } });
  const kept = await rig.state.services.get('default/12345');
  t.same(Object.keys(kept.secrets), ['db_password']);
});

t.test('credentials that nobody may read any more are erased', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await rig.call('POST', '/create-site', ORDER);
  await rig.change('default/12345', active);
  const clock = { ...systemClock, now: () => rig.behaviour.now };
  const names = async () => Object.keys((await rig.state.services.get('default/12345')).secrets);
  const due = Date.parse('2026-03-08T12:01:00Z');
  t.equal(await eraseCredentials({ state: rig.state, clock }), due, 'it says when the next one is due');
  t.ok((await names()).includes('admin_password'));
  rig.behaviour.now = due;
  t.equal(await eraseCredentials({ state: rig.state, clock }), undefined);
  t.same(await names(), ['db_password']);
});

t.test('services are listed, searched and paged', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  for (let id = 1; id <= 5; id += 1) {
    await rig.call('POST', '/create-site', {
      ...ORDER,
      service_id: id,
      email: `user${id}@example.com`,
      plan: id > 3 ? 'premium' : 'basic',
    });
  }
  const ids = async (query: string) => {
    const { body } = await rig.call('GET', `/services?${query}`);
    const list = Array.isArray(body['services']) ? body['services'] : [];
    return {
      ids: list.map((service) => String(fields(service)['service_id'])),
      next: body['next_cursor'],
    };
  };
  t.same(await ids(''), { ids: ['1', '2', '3', '4', '5'], next: null });
  t.same((await ids('plan=PREMIUM')).ids, ['4', '5']);
  t.same((await ids('ids=2,%205')).ids, ['2', '5']);
  t.same((await ids('q=User3')).ids, ['3']);
  t.same((await ids('status=running')).ids, []);
  t.same((await ids('updated_since=2026-03-01T12:00:00Z')).ids.length, 5);
  t.same((await ids('updated_since=2026-03-01T13:00:00Z')).ids, []);
  const page = await ids('limit=2');
  t.same(page.ids, ['1', '2']);
  const second = await ids(`limit=2&cursor=${String(page.next)}`);
  t.same(second.ids, ['3', '4']);
  t.same(await ids(`limit=2&cursor=${String(second.next)}`), { ids: ['5'], next: null });
  t.equal((await rig.call('GET', '/services?status=fine')).status, 400);
  t.equal((await rig.call('GET', '/services?limit=1001')).status, 400);
  t.match((await rig.call('GET', '/services/3')).body, {
    email: 'user3@example.com',
    generation: 1,
    module: 'wordpress',
    jobs: [{ method: 'create' }],
  });

  const jobs = async (query: string) => {
    const { body } = await rig.call('GET', `/jobs?${query}`);
    const list = Array.isArray(body['jobs']) ? body['jobs'] : [];
    return {
      ids: list.map((job) => String(fields(job)['service_id'])),
      next: body['next_cursor'],
    };
  };
  t.same((await jobs('status=queued&tag=create')).ids, ['1', '2', '3', '4', '5']);
  t.same((await jobs('tag=other')).ids, []);
  t.same((await jobs('status=completed')).ids, []);
  t.same((await jobs('service_id=4')).ids, ['4']);
  const few = await jobs('limit=3');
  t.same(few.ids, ['1', '2', '3']);
  t.same((await jobs(`limit=3&cursor=${String(few.next)}`)).ids, ['4', '5']);
});

t.test('an archived job is still found, and details are for operators only', async (t) => {
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  const made = await rig.call('POST', '/create-site', ORDER, '');
  const id = String(made.body['job_id']);
  const { jobs } = await rig.state.services.get('default/12345');
  const [job] = jobs;
  if (!job) throw new Error('no job');
  await rig.state.archive.append({
    key: 'default/12345',
    job: {
      ...job,
      status: 'failed',
      endedAt: '2026-03-01T12:01:00.000Z',
      error: {
        code: 'dns_failed',
        message: 'DNS failed.',
        detail: 'HTTP 422 from 10.9.9.9',
        retryable: false,
      },
    },
  });
  await rig.change('default/12345', () => ({ jobs: [] }));
  t.match(await rig.call('GET', `/jobs/${id.toUpperCase()}`, undefined, ''), {
    status: 200,
    body: { status: 'failed', service_id: '12345', error: { code: 'dns_failed', detail: /10\.9\.9\.9/ } },
  });
});

t.test('health is always told, readiness only up or down', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  t.match((await rig.call('GET', '/health', undefined, '')).body, {
    status: 'ok',
    timestamp: '2026-03-01T12:00:00.000Z',
  });
  t.match(await rig.call('GET', '/ready', undefined, ''), {
    status: 200,
    body: { success: true, status: 'ready' },
  });
  rig.behaviour.ready = false;
  const down = await rig.call('GET', '/ready', undefined, '');
  t.match(down, { status: 503, body: { ...SHAPE, code: 'not_ready' } });
  t.notMatch(JSON.stringify(down.body), /cluster/);
  t.ok(rig.log.some((line) => line.includes('the cluster was never seen')));
});

t.test('plans are listed as they are sold', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  t.match((await rig.call('GET', '/plans')).body, {
    plans: [
      { name: 'basic', aliases: ['WordPress Basic'], memory_mb: 2048, disk_gb: 20, backups: 2 },
      { name: 'premium' },
    ],
  });
});

t.test('TLS is served when it is configured, and a missing certificate stops the start', async (t) => {
  const config = testConfig();
  config.api.tls = { cert_file: '/nowhere/cert.pem', key_file: '/nowhere/key.pem' };
  await t.rejects(makeRig('network', config), /ENOENT/);

  const dir = testFolder(t);
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 86_400_000),
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  config.api.tls = { cert_file: join(dir, 'cert.pem'), key_file: join(dir, 'key.pem') };
  await writeFile(config.api.tls.cert_file, certificate.toString('pem'));
  await writeFile(
    config.api.tls.key_file,
    `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  );
  const rig = await makeRig('network', config);
  t.teardown(() => rig.close());
  await rig.app.listen({ port: 0, host: '127.0.0.1' });
  const address = rig.app.server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const status = await new Promise<number | undefined>((resolve, reject) => {
    get(
      {
        port,
        path: '/health',
        ca: certificate.toString('pem'),
        host: '127.0.0.1',
        checkServerIdentity: () => undefined,
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    ).on('error', reject);
  });
  t.equal(status, 200);
});
