/** Custom domains as a panel, a customer's name server and a visitor see them, in the memory world. */
import t from 'tap';
import { fields } from '../http/rig.js';
import { openHouse } from './house.js';

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

    const wish = { service_id: '1', domain: 'Example.ORG' };
    const refused = await post('/action/setdomain', wish);
    t.equal(refused.status, 400);
    t.match(refused.body, {
      code: 'domain_not_here',
      error:
        /^example\.org must lead to 203\.0\.113\.10, but leads to no address\. .*_innkeeper-challenge\.example\.org with the value [a-z0-9]{32}\.$/,
    });
    await world.dns('example.org', 'A', ['203.0.113.10']);
    await world.dns('www.example.org', 'CNAME', ['example.org.']);
    const added = await post('/action/setdomain', wish);
    t.equal(added.status, 200, JSON.stringify(added.body));
    t.match(added.body, { success: true, domain: 'example.org', domains: ['example.org'], quota: '1/3' });
    t.match(await post('/action/setdomain', wish), {
      status: 409,
      body: { success: false, error: 'Domain already exists', code: 'domain_exists' },
    });
    t.match((await post('/action/setdomain', { ...wish, domain: 'www.example.org' })).status, 409);
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
    t.match(taken, { status: 409, body: { code: 'domain_taken', error: /another customer's until lately/ } });
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
  t.equal((await world.visitor('two.example').open('/')).status, 200);
  await post('/delete-site', { service_id: '1' });
  await world.until('/status?service_id=1', ({ status }) => status === 'terminated');
  t.match(await world.status('1'), { domains: ['s1.sandbox.test'] });
  await world.make('1');
  t.match(await post('/action/setdomain', { service_id: '1', domain: 'four.example' }), { status: 200 });
});

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

t.test(
  "a customer's own zone: made where it is delegated to us, filled, served, and another panel's business of nobody",
  async (t) => {
    const world = await openHouse(t);
    const { post } = world;
    const zone = { user_id: 77, domain: 'example.org' };
    t.match(await post('/customdomain/add/zone', zone), {
      status: 400,
      body: {
        code: 'zone_not_here',
        error: 'example.org must have the name servers ns1.sandbox.test, found none.',
      },
    });
    await world.dns('example.org', 'NS', ['ns1.other.test.']);
    t.match((await post('/customdomain/add/zone', zone)).body, { error: /found ns1\.other\.test\.$/ });
    await world.dns('example.org', 'NS', ['ns1.sandbox.test.']);
    t.match(await post('/customdomain/add/zone', zone), {
      status: 200,
      body: { success: true, zone_id: 'example.org', name_servers: ['ns1.sandbox.test'] },
    });
    t.match(await post('/customdomain/add/zone', zone), { status: 409, body: { code: 'zone_exists' } });
    t.match(await post('/customdomain/add/zone', { ...zone, user_id: 78 }), { status: 409 });

    const add = (record: object) =>
      post('/customdomain/add/record', { zone: 'example.org', ttl: 60, ...record });
    const good: object[] = [
      { type: 'A', name: '@', ip: 'PROXYSRV' },
      { type: 'A', name: 'two', ip: '198.51.100.1' },
      { type: 'A', name: 'two', ip: '198.51.100.2' },
      { type: 'AAAA', name: 'two.example.org', ip: '2001:DB8::1' },
      { type: 'CNAME', name: 'www', target: 'example.org' },
      { type: 'MX', name: '', exchange: 'mail.example.net.', priority: 5 },
      { type: 'TXT', name: '_dmarc', txt: 'v=DMARC1; p="none"' },
      { type: 'NS', name: 'sub', ns: 'ns.example.net' },
      { type: 'a', name: '*.wild', ip: '198.51.100.3' },
    ];
    for (const record of good) {
      const { status, body } = await add(record);
      t.equal(status, 200, JSON.stringify([record, body]));
    }
    const bad: [object, string, number][] = [
      [{ type: 'A', name: 'two', ip: '198.51.100.1' }, 'record_exists', 409],
      [{ type: 'A', name: 'www', ip: '198.51.100.1' }, 'record_exists', 409],
      [{ type: 'CNAME', name: 'two', target: 'example.net' }, 'record_exists', 409],
      [{ type: 'CNAME', name: '@', target: 'example.net' }, 'record_invalid', 400],
      [{ type: 'NS', name: '@', ns: 'ns.example.net' }, 'record_invalid', 400],
      [{ type: 'A', name: 'x', ip: '2001:db8::1' }, 'record_invalid', 400],
      [{ type: 'AAAA', name: 'x', ip: 'PROXYSRV' }, 'record_invalid', 400],
      [{ type: 'SRV', name: 'x' }, 'record_invalid', 400],
      [{ type: 'MX', name: 'x', exchange: 'no' }, 'record_invalid', 400],
      [{ type: 'TXT', name: 'x', txt: 'two\nlines' }, 'record_invalid', 400],
      [{ type: 'A', name: 'a b', ip: '198.51.100.1' }, 'record_invalid', 400],
      [{ zone: 'nobody.example', type: 'A', name: 'x', ip: '198.51.100.1' }, 'zone_not_found', 404],
    ];
    for (const [record, code, status] of bad)
      t.match(await add(record), { status, body: { code } }, JSON.stringify(record));

    const records = async (): Promise<Record<string, unknown>[]> => {
      const { body } = await post('/customdomain/getdata', { user_id: '77' });
      const [first] = Object.values(fields(body['zones'])).map(fields);
      return Object.values(fields(first?.['records'])).map(fields);
    };
    const found = await records();
    t.match(
      found.map(({ rc_id: _, ttl: _ttl, ...record }) => record).filter(({ type }) => type !== 'NS'),
      [
        { type: 'A', name: 'example.org', ip: 'PROXYSRV' },
        { type: 'A', name: 'two.example.org', ip: '198.51.100.1' },
        { type: 'A', name: 'two.example.org', ip: '198.51.100.2' },
        { type: 'AAAA', name: 'two.example.org', ip: '2001:db8::1' },
        { type: 'CNAME', name: 'www.example.org', target: 'example.org' },
        { type: 'MX', name: 'example.org', exchange: 'mail.example.net', priority: 5 },
        { type: 'TXT', name: '_dmarc.example.org', txt: 'v=DMARC1; p="none"' },
        { type: 'A', name: '*.wild.example.org', ip: '198.51.100.3' },
      ],
    );
    // what was made is what the world sees: the zone leads the customer's domain here
    t.same(await world.visitor('example.org').resolve(), ['203.0.113.10']);
    await world.make('1');
    t.match((await post('/action/setdomain', { service_id: '1', domain: 'example.org' })).body, {
      success: true,
      details: [{ www: true }],
    });

    const idOf = (part: object): string => {
      const record = found.find((one) => Object.entries(part).every(([key, value]) => one[key] === value));
      return String(record?.['rc_id']);
    };
    const drop = (part: object) =>
      post('/customdomain/delete/record', { zone_id: 'example.org', rc_id: idOf(part) });
    t.match(await drop({ ip: '198.51.100.1' }), { status: 200 });
    t.match(await drop({ ip: '198.51.100.1' }), { status: 404, body: { code: 'record_not_found' } });
    t.match(await drop({ ip: 'PROXYSRV' }), { status: 200 });
    t.match(await drop({ ns: 'ns1.sandbox.test' }), { status: 400, body: { code: 'record_invalid' } });
    t.equal((await records()).length, found.length - 2);
    await world.restart();
    t.match(await post('/customdomain/delete/zone', { domain: 'Example.org' }), { status: 200 });
    t.match(await post('/customdomain/delete/zone', { domain: 'example.org' }), { status: 404 });
    t.match((await post('/customdomain/getdata', { user_id: 77 })).body, { zones: [] });
  },
);
