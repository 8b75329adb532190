/** Custom domains as a panel, a customer's name server and a visitor see them, in the memory world. */
import t from 'tap';
import { fields } from '../http/harness.js';
import { openHouse } from './harness.js';

t.test(
  'a domain of the customer: refused, added, served with its certificate, preferred, removed',
  async (t) => {
    const world = await openHouse(t);
    const { post, call } = world;
    await world.make('1');
    const list = '/action/getdomain?service_id=1';
    t.match((await call('GET', list)).body, {
      ...{ success: true, domains: [], details: [], count: 3, used: 0, allowed: 3, quota: '0/3' },
      txt_challenge: null,
    });

    const request = { service_id: '1', domain: 'Example.ORG' };
    const refused = await post('/action/setdomain', request);
    t.equal(refused.status, 400);
    t.match(refused.body, {
      code: 'domain_not_here',
      error:
        /^example\.org must point to 203\.0\.113\.10, but points to no address\. .*_innkeeper-challenge\.example\.org with the value [a-z0-9]{32}\.$/,
    });
    await world.dns('example.org', 'A', ['203.0.113.10']);
    await world.dns('www.example.org', 'CNAME', ['example.org.']);
    const added = await post('/action/setdomain', request);
    t.equal(added.status, 200, JSON.stringify(added.body));
    t.match(added.body, { success: true, domain: 'example.org', domains: ['example.org'], quota: '1/3' });
    t.match(await post('/action/setdomain', request), {
      status: 409,
      body: { success: false, error: 'Domain already exists', code: 'domain_exists' },
    });
    t.match((await post('/action/setdomain', { ...request, domain: 'www.example.org' })).status, 409);
    const detail = (body: Record<string, unknown>) => fields(Object.values(fields(body['details']))[0]);
    const issued = await world.until(
      list,
      (body) => fields(detail(body)['certificate'])['state'] === 'issued',
    );
    t.match(detail(issued), {
      domain: 'example.org',
      www: true,
      dns: 'routing',
      certificate: { problem: null },
    });

    for (const name of ['example.org', 'www.example.org']) {
      const page = await world.visitor(name).open('/');
      t.equal(page.status, 200, name);
      t.match(page.body, /<title>s1<\/title>/);
    }
    const primary = await world.settled('/action/setprimary', { service_id: '1', domain: 'www.example.org' });
    t.match(primary, {
      status: 200,
      body: { primary_domain: 'www.example.org', url: 'https://www.example.org' },
    });
    t.match(await world.status('1'), {
      primary_domain: 'www.example.org',
      domains: ['s1.sandbox.test', 'example.org'],
    });
    t.match(await world.visitor('s1.sandbox.test').open('/'), {
      status: 301,
      location: 'https://www.example.org/',
    });

    t.match(await post('/action/deldomain', { service_id: '1', domain: 'example.org' }), {
      status: 200,
      body: { domains: [], quota: '0/3', count: 3 },
    });
    t.match(await world.status('1'), { primary_domain: 's1.sandbox.test' });
    t.equal((await world.visitor('s1.sandbox.test').open('/')).status, 200);
    t.match((await post('/action/deldomain', { service_id: '1', domain: 'example.org' })).body, {
      code: 'domain_not_found',
    });
    t.match((await post('/action/setprimary', { service_id: '1', domain: 'example.org' })).status, 404);

    // the former customer's name rests; another one needs the proof
    await world.make('2', { email: 'other@example.com' });
    const taken = await post('/action/setdomain', { service_id: '2', domain: 'example.org' });
    t.match(taken, {
      status: 409,
      body: { code: 'domain_taken', error: /belonged to another customer until recently/ },
    });
    const value = /with the value ([a-z0-9]+)\./.exec(String(taken.body['error']))?.[1] ?? '';
    await world.dns('_innkeeper-challenge.example.org', 'TXT', [`"${value}"`]);
    t.match(await post('/customdomain/add', { service_id: '2', domain: 'example.org' }), {
      status: 200,
      body: { details: [{ dns: 'txt', www: true }] },
    });
    t.match(await post('/action/setdomain', { service_id: '1', domain: 'example.org' }), {
      status: 409,
      body: { error: 'example.org belongs to another service.' },
    });
    await world.dns('shop.example.org', 'A', ['203.0.113.10']);
    t.match(await post('/action/setdomain', { service_id: '1', domain: 'shop.example.org' }), {
      status: 409,
      body: { error: /shop\.example\.org is below example\.org, which belongs to another customer/ },
    });
  },
);

t.test('the quota, hostile names, and domains across a restart and a deletion', async (t) => {
  const world = await openHouse(t);
  const { post, call } = world;
  await world.make('1');
  const names = ['one.example', 'two.example', 'three.example', 'four.example'];
  for (const name of names) await world.dns(name, 'A', ['203.0.113.10']);
  const answers = await Promise.all(
    names.slice(0, 3).map((domain) => post('/action/setdomain', { service_id: '1', domain })),
  );
  t.same(
    answers.map(({ status }) => status),
    [200, 200, 200],
    JSON.stringify(answers),
  );
  t.match(await post('/action/setdomain', { service_id: '1', domain: 'four.example' }), {
    status: 409,
    body: { error: 'Domain limit reached (3 of 3)', code: 'quota_reached' },
  });
  for (const domain of [
    '',
    'localhost',
    '10.0.0.1',
    's1.sandbox.test',
    'com',
    'https://a.example/',
    'a b.c',
    '../x',
  ]) {
    const { status, body } = await post('/action/setdomain', { service_id: '1', domain });
    t.equal(status, 400, domain);
    t.match(body, { success: false, error: /^Expected a domain/ });
  }
  await world.restart();
  t.match((await call('GET', '/action/getdomain?service_id=1')).body, { used: 3, count: 0 });
  // the daemon may have ended before the certificates had come: then they come now
  await world.until('/action/getdomain?service_id=1', ({ details }) =>
    Object.values(fields(details)).every((one) => fields(fields(one)['certificate'])['state'] === 'issued'),
  );
  t.equal((await world.visitor('two.example').open('/')).status, 200);
  await post('/delete-site', { service_id: '1' });
  await world.until('/status?service_id=1', ({ status }) => status === 'terminated');
  t.match(await world.status('1'), { domains: ['s1.sandbox.test'] });
  await world.make('1');
  t.match(await post('/action/setdomain', { service_id: '1', domain: 'four.example' }), { status: 200 });
});

t.test(
  'the domain that came with the order is served when it leads here, and fails nothing when it does not',
  async (t) => {
    const world = await openHouse(t);
    await world.dns('shop.example.org', 'A', ['203.0.113.10']);
    await world.make('1', { domain: 'Shop.Example.org' });
    await world.make('2', { domain: 'elsewhere.example.net' });
    await world.until('/action/getdomain?service_id=1', ({ details }) =>
      Object.values(fields(details)).some((one) => fields(fields(one)['certificate'])['state'] === 'issued'),
    );
    t.match(await world.visitor('shop.example.org').open('/'), { status: 200, body: /<title>s1<\/title>/ });
    const waiting = await world.until(
      '/action/getdomain?service_id=2',
      ({ wish: requested }) => fields(requested)['problem'] !== null,
    );
    t.match(waiting, {
      domains: [],
      wish: { domain: 'elsewhere.example.net', problem: /must point to 203\.0\.113\.10/ },
    });
    t.match(await world.status('2'), { status: 'running', provision_status: 'completed' });
    t.match(await world.post('/action/deldomain', { service_id: '2', domain: 'elsewhere.example.net' }), {
      status: 200,
      body: { wish: null },
    });
  },
);

t.test('toggle flips or sets, and a site that is off is as unknown', async (t) => {
  const world = await openHouse(t);
  await world.make('1');
  const toggle = (also: object = {}) => world.post('/action/toggle', { service_id: '1', ...also });
  const seen = async (): Promise<number> => (await world.visitor('s1.sandbox.test').open('/')).status;
  t.match(await toggle(), { status: 200, body: { success: true, enabled: false } });
  t.equal(await seen(), 404);
  t.match(await world.status('1'), { proxy: { enabled: false } });
  t.match(await toggle({ enabled: false }), { status: 200, body: { enabled: false } });
  t.match(await toggle(), { status: 200, body: { enabled: true } });
  t.equal(await seen(), 200);
  await world.fault({ target: 'proxy', path: '/reload', kind: { taskError: 'nginx is away' }, times: 1 });
  t.match((await toggle({ enabled: false })).body, { success: true });
});
