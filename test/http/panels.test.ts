import { gzipSync } from 'node:zlib';
import t from 'tap';
import { makeRig, ORDER } from './harness.js';

t.test(
  'fields that a call does not know are named in its answer, the log and the audit, and refuse nothing',
  async (t) => {
    const rig = await makeRig();
    t.teardown(() => rig.close());
    const answer = await rig.call('POST', '/create-site', {
      ...ORDER,
      subdomian: 'shop',
      propertys: {},
      'wild\u001b[31m': 1,
    });
    const warnings = [
      'subdomian is not known; did you mean subdomain?',
      'propertys is not known; did you mean properties?',
      'wild?[31m is not known.',
    ];
    t.equal(answer.status, 202);
    t.same(answer.body['warnings'], warnings);
    t.ok(
      rig.log.some((line) => line.includes('"fields":["subdomian","propertys","wild?[31m"]')),
      'logged',
    );
    const audit = await rig.call('GET', '/audit', undefined, rig.tokens.admin);
    t.match(audit.body, { entries: [{ route: '/create-site', unknown_fields: ['subdomian', 'propertys'] }] });

    t.match(await rig.call('GET', '/status?service_id=12345&servce=1'), {
      status: 200,
      body: { warnings: ['servce is not known.'] },
    });
    t.match(await rig.call('POST', '/create-site', { ...ORDER, servic_id: '1', service_id: null }), {
      status: 400,
      body: { warnings: ['servic_id is not known; did you mean service_id?'] },
    });
    t.notOk('warnings' in (await rig.call('GET', '/status?service_id=12345')).body, 'none without a reason');
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`${n}${'x'.repeat(100)}`, 1]));
    const named = (await rig.call('POST', '/suspend', { service_id: '12345', ...many })).body['warnings'];
    t.equal(Array.isArray(named) && named.length, 10, 'bounded in number');
    t.ok(Array.isArray(named) && named.every((one) => String(one).length < 100), 'and in length');
  },
);

t.test('a remembered answer names them once', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const send = () =>
    rig.app.inject({
      method: 'POST',
      url: '/create-site',
      headers: { authorization: `Bearer ${rig.tokens.panel}`, 'idempotency-key': 'k' },
      payload: { ...ORDER, subdomian: 'shop' },
    });
  t.equal((await send()).payload.split('"warnings"').length, 2);
  const again = await send();
  t.equal(again.headers['idempotency-replayed'], 'true');
  t.equal(again.payload.split('"warnings"').length, 2);
});

t.test('an order is never refused because of the domain that came with it', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const cases: [string, string, RegExp][] = [
    ['1', 'https://shop.example/', /is not a domain name/],
    ['2', 'x.sites.example.net', /is a name of this provider/],
    ['3', 'nonsense', /is not a domain name/],
    ['5', 'co.uk', /found co\.uk, under which anyone can register names/],
  ];
  for (const [id, domain, problem] of cases) {
    const answer = await rig.call('POST', '/create-site', { ...ORDER, service_id: id, domain });
    t.match(answer, { status: 202, body: { warnings: [problem] } }, domain);
    t.match(
      (await rig.state.services.get(`default/${id}`)).site,
      { domainWish: { name: domain, problem, tries: 0 } },
      'it is kept with its problem',
    );
  }
  const blank = await rig.call('POST', '/create-site', { ...ORDER, service_id: '4', domain: '' });
  t.equal(blank.status, 202);
  t.equal((await rig.state.services.get('default/4')).site?.domainWish, undefined);
});

t.test('what a panel sends without a meaning refuses nothing', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const sent = {
    service_id: ' 12345 ',
    email: ' customer@example.com ',
    plan: ' basic',
    public_ip: { 1: '203.0.113.10', 3: '203.0.113.11' },
    subdomain: '',
    domain: null,
    user_id: '',
    module: '',
    properties: [],
  };
  t.match(await rig.call('POST', '//create-site/', sent), { status: 202, body: { service_id: '12345' } });
  t.match(await rig.state.services.get('default/12345'), {
    email: 'customer@example.com',
    userId: null,
    order: { publicIps: ['203.0.113.10', '203.0.113.11'] },
  });
  t.match(await rig.call('GET', '//status?service_id=12345&limit='), { status: 200 });
});

t.test('a body that is encoded or is no JSON is answered with 415', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const send = (headers: Record<string, string>, payload: Buffer | string) =>
    rig.app.inject({
      method: 'POST',
      url: '/create-site',
      headers: { authorization: `Bearer ${rig.tokens.panel}`, ...headers },
      payload,
    });
  const json = JSON.stringify(ORDER);
  const zipped = await send(
    { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    gzipSync(json),
  );
  t.match([zipped.statusCode, zipped.json()], [415, { code: 'unsupported_media_type' }]);
  const plain = await send({ 'content-type': 'text/plain' }, json);
  t.match([plain.statusCode, plain.json()], [415, { code: 'unsupported_media_type' }]);
  const identity = { 'content-type': 'application/json', 'content-encoding': 'identity' };
  t.equal((await send(identity, json)).statusCode, 202);
});
