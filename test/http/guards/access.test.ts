import t from 'tap';
import { ACCESS } from '../../../src/http/guards/access.js';
import { createToken } from '../../../src/tokens/create-token.js';
import { fields, makeRig, ORDER, type Rig } from '../harness.js';

/** Every route that fastify really serves, as `METHOD /url`. */
function registered(rig: Rig): string[] {
  const found: string[] = [];
  const stack: string[] = [];
  for (const line of rig.app.printRoutes({ commonPrefix: false }).split('\n')) {
    const match = /^([│ ]*)[├└]── (.*?)(?: \((.*)\))?$/.exec(line);
    if (!match) continue;
    const [, indent = '', part = '', methods] = match;
    stack.length = indent.length / 4;
    stack.push(part);
    // the fixed part before a wildcard is not printed
    const path = stack.join('').replace(/:name\*$/, ':name/api/*');
    for (const method of methods?.split(', ') ?? []) found.push(`${method} ${path}`);
  }
  return found.sort();
}

t.test('every served route is in the list of who may call what, and the other way round', async (t) => {
  const network = await makeRig('network');
  t.teardown(() => network.close());
  const socket = await makeRig('socket');
  t.teardown(() => socket.close());
  const listed = (doors: string[]): string[] =>
    Object.entries(ACCESS)
      .filter(([, rule]) => doors.includes(rule.listener))
      .map(([route]) => route)
      .sort();
  const served = (rig: Rig): string[] => registered(rig).filter((route) => !route.startsWith('HEAD '));
  t.same(served(network), listed(['both']));
  t.same(served(socket), listed(['both', 'socket']));
  const reads = registered(network).filter((route) => route.startsWith('HEAD '));
  for (const route of reads) t.ok(route.replace('HEAD', 'GET') in ACCESS, route);
});

t.test('only the page, health, readiness and what modules serve to anybody are open', async (t) => {
  const open = Object.entries(ACCESS).filter(([, rule]) => rule.access === 'public');
  t.same(open.map(([route]) => route).sort(), [
    'GET /',
    'GET /docs',
    'GET /docs/:file',
    'GET /health',
    'GET /modules/:type/:name/static/:route',
    'GET /ready',
    'GET /webhooks/:type/:name/:instance',
    'POST /modules/:type/:name/static/:route',
    'POST /webhooks/:type/:name/:instance',
  ]);
});

t.test('a route that is not listed stops the start', async (t) => {
  const { ruleFor } = await import('../../../src/http/guards/access.js');
  t.throws(() => ruleFor('POST', '/open-sesame'), /POST \/open-sesame is not listed/);
});

t.test('HEAD is guarded like GET', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  for (const url of ['/plans', '/services', '/status?service_id=1', '/jobs', '/openapi.json']) {
    const answer = await rig.app.inject({ method: 'HEAD', url });
    t.equal(answer.statusCode, 401, url);
  }
});

t.test("another panel's services and jobs do not exist", async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const mine = await rig.call('POST', '/create-site', ORDER);
  const job = String(mine.body['job_id']);
  for (const url of ['/status?service_id=12345', '/services/12345', '/services/12345/credentials']) {
    t.match(await rig.call('GET', url, undefined, rig.tokens.staging), {
      status: 404,
      body: { code: 'service_not_found' },
    });
  }
  for (const url of [`/jobs/${job}`, `/jobs/${job}/events`]) {
    t.match(await rig.call('GET', url, undefined, rig.tokens.staging), {
      status: 404,
      body: { code: 'job_not_found' },
    });
  }
  t.match(await rig.call('GET', '/services', undefined, rig.tokens.staging), { body: { services: [] } });
  t.match(await rig.call('GET', '/jobs?service_id=12345', undefined, rig.tokens.staging), {
    body: { jobs: [] },
  });
});

t.test('expiry, revocation and source networks hold from the next call on', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const make = (also: object) => createToken(rig.deps, { name: 'short', ...also });
  const from = async (text: string, remoteAddress: string, forwarded?: string): Promise<number> => {
    const answer = await rig.app.inject({
      url: '/plans',
      remoteAddress,
      headers: { authorization: `bearer ${text}`, ...(forwarded ? { 'x-forwarded-for': forwarded } : {}) },
    });
    return answer.statusCode;
  };
  const short = await make({ expires_at: new Date(rig.behaviour.now + 1000).toISOString() });
  t.equal(await from(short.text, '127.0.0.1'), 200);
  rig.behaviour.now += 1000;
  t.equal(await from(short.text, '127.0.0.1'), 401);

  const bound = await make({ networks: ['198.51.100.0/24', '2001:db8::/32', '203.0.113.7'] });
  t.equal(await from(bound.text, '198.51.100.9'), 200);
  t.equal(await from(bound.text, '::ffff:198.51.100.9'), 200, 'an IPv4 caller at an IPv6 socket');
  t.equal(await from(bound.text, '2001:db8::9'), 200);
  t.equal(await from(bound.text, '203.0.113.7'), 200);
  t.equal(await from(bound.text, '203.0.113.8'), 401);
  t.equal(await from(bound.text, '203.0.113.8', '198.51.100.9'), 401, 'a stranger cannot claim an address');
  t.equal(await from(bound.text, '192.0.2.1', '198.51.100.9'), 200, 'a listed proxy can tell it');

  t.equal(await from('from-the-config', '127.0.0.1'), 200, 'a token from the config');

  const socket = await makeRig('socket');
  t.teardown(() => socket.close());
  const made = await socket.call('POST', '/tokens', { name: 'panel-1' }, '');
  t.match(made, { status: 201, body: { token: /^ik_[A-Za-z0-9_-]{43}$/, panel: 'default', live: true } });
  for (const name of ['panel-1', ' panel-1 '])
    t.match(
      await socket.call('POST', '/tokens', { name }, ''),
      { status: 409, body: { code: 'token_exists', error: /Another token is named panel-1\./ } },
      'a name must be enough to revoke a token',
    );
  t.notMatch(
    JSON.stringify(socket.deps.state.tokens.list()),
    String(made.body['token']),
    'only its hash is kept',
  );
  const listed = await socket.call('GET', '/tokens', undefined, '');
  t.notMatch(JSON.stringify(listed.body), /sha256|"token"/);
  const [first, ...others] = Object.values(fields(listed.body['tokens']));
  t.match(first, { id: 'config:installed', permissions: ['sites:read'], created_at: null, live: true });
  t.equal(others.length, 5, 'made ones follow');
  const both = await Promise.all([1, 2].map(() => socket.call('POST', '/tokens', { name: 'panel-2' }, '')));
  t.ok(both.filter(({ status }) => status === 201).length <= 1, 'also at the same moment');
  t.ok(socket.deps.state.tokens.list().filter(({ name }) => name === 'panel-2').length <= 1);
  for (const name of ['installed', 'config:installed'])
    for (const [method, path] of [
      ['DELETE', name],
      ['POST', `${name}/rotate`],
    ] as const)
      t.match(
        await socket.call(method, `/tokens/${path}`, method === 'POST' ? { overlap_s: 0 } : undefined, ''),
        {
          status: 404,
          body: { code: 'token_not_found', error: /configuration \(api\.tokens\)/ },
        },
      );
  t.equal((await socket.call('DELETE', '/tokens/panel-1', undefined, '')).body['live'], false);
  t.equal(
    (await socket.call('DELETE', `/tokens/${String(made.body['id'])}`, undefined, '')).status,
    200,
    'repeatable',
  );
  t.match(await socket.call('DELETE', '/tokens/nobody', undefined, ''), {
    status: 404,
    body: { code: 'token_not_found' },
  });
});

t.test('a revoked token is refused', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const { token, text } = await createToken(rig.deps, { name: 'gone' });
  t.equal((await rig.call('GET', '/plans', undefined, text)).status, 200);
  await rig.deps.state.tokens.commit(token.id, (current) => ({
    ...(current ?? token),
    revokedAt: '2026-03-01T00:00:00.000Z',
  }));
  t.equal((await rig.call('GET', '/plans', undefined, text)).status, 401);
});

t.test('the socket speaks for the panel that it is told', async (t) => {
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  t.equal((await rig.call('POST', '/create-site?panel=staging', ORDER, '')).status, 202);
  t.equal((await rig.call('GET', '/services/12345', undefined, '')).status, 404);
  t.equal((await rig.call('GET', '/services/12345?panel=staging', undefined, '')).status, 200);
  const named = await rig.app.inject({ url: '/services/12345', headers: { 'innkeeper-panel': 'staging' } });
  t.equal(named.statusCode, 200);
  t.equal((await rig.call('GET', '/services?panel=../x', undefined, '')).status, 400);
});

t.test('tokens that make no sense are not made', async (t) => {
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  const wrong: [object, string][] = [
    [{}, 'name'],
    [{ name: ' ' }, 'name'],
    [{ name: 'x', panel: '../y' }, 'panel'],
    [{ name: 'x', permissions: ['root'] }, 'permissions'],
    [{ name: 'x', permissions: [] }, 'permissions'],
    [{ name: 'x', expires_at: 'soon' }, 'expires_at'],
    [{ name: 'x', expires_at: '2020-01-01' }, 'expires_at'],
    [{ name: 'x', networks: ['10.0.0.0/33'] }, 'networks'],
  ];
  for (const [sent, field] of wrong) {
    const answer = await rig.call('POST', '/tokens', sent, '');
    t.match(answer, { status: 400, body: { errors: { [field]: String } } }, JSON.stringify(sent));
  }
  t.equal(rig.deps.state.tokens.list().length, 4, "only the rig's own");
});

t.test('a trailing slash and the other form of /action make no other call', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await rig.call('POST', '/create-site', ORDER);
  const ask = async (method: string, url: string): Promise<object> => {
    const { statusCode: status, body } = await rig.app.inject({
      method: (['GET', 'PUT', 'PATCH', 'DELETE'] as const).find((one) => one === method) ?? 'POST',
      url,
      headers: { authorization: `Bearer ${rig.tokens.panel}` },
      ...(method === 'GET' ? {} : { payload: {} }),
    });
    return { status, body: body.replace(/"(request_id|timestamp)":"[^"]*"/g, '') };
  };
  const oldForm = (url: string): string => url.replace(/^\/action(?=\/|$)/, '/actions');
  for (const [route, { listener }] of Object.entries(ACCESS)) {
    const [method = '', path = ''] = route.split(' ');
    if (listener === 'socket') continue;
    const url = path.replace(/:\w+/g, 'nobody');
    const answer = await ask(method, url);
    for (const form of new Set([`${url}/`, oldForm(url), `${oldForm(url)}/`]))
      t.same(await ask(method, form), answer, `${method} ${form}`);
  }
  t.equal((await rig.call('HEAD', '/status/?service_id=12345')).status, 200);
  t.equal((await rig.call('HEAD', '/status?service_id=nobody')).status, 404);
  const options = await rig.app.inject({ method: 'OPTIONS', url: '/actions/start/' });
  t.same([options.statusCode, options.headers.allow], [405, 'POST']);
});
