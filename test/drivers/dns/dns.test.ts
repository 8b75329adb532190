import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { formatMark } from '../../../src/kernel/mark.js';
import { Secret } from '../../../src/kernel/secret.js';
import { plainCall } from '../../../src/drivers/shared/call.js';
import { noneDnsDriver } from '../../../src/drivers/dns/none/index.js';
import type { PowerDnsConfig } from '../../../src/drivers/dns/powerdns/config.js';
import { powerDnsDriver } from '../../../src/drivers/dns/powerdns/index.js';
import { call, dnsContract, mark } from '../../contracts/dns.js';
import { type FakePowerDns, fakePowerDns } from '../../fakes/powerdns.js';

const ZONE = 'example.test';

async function server(t: Test, more: Partial<PowerDnsConfig> = {}) {
  const fake = await fakePowerDns(ZONE, 'right');
  t.teardown(() => fake.close());
  return { fake, driver: driverAt(t, fake.url, more) };
}

function driverAt(t: Test, url: string, more: Partial<PowerDnsConfig> = {}) {
  const driver = powerDnsDriver(
    { url, api_key: new Secret('right'), server_id: 'localhost', zone: ZONE, timeout_s: 5, ...more },
    60,
  );
  t.teardown(() => driver.close());
  return driver;
}

const shop = { name: `shop.${ZONE}`, type: 'A', values: ['203.0.113.10'], mark: mark('shop') } as const;

t.test('none: the contract', async (t) => {
  await dnsContract(t, async () => ({ driver: noneDnsDriver(), zone: ZONE, foreign: async () => {} }));
});

t.test('powerdns: the contract', async (t) => {
  await dnsContract(t, async (t) => {
    const { fake, driver } = await server(t);
    const foreign = async (name: string, type: string, value: string): Promise<void> =>
      fake.put(name, type, type === 'CNAME' ? `${value}.` : value);
    return { driver, zone: ZONE, foreign };
  });
});

t.test('what stands already is not written again', async (t) => {
  const { fake, driver } = await server(t);
  await driver.ensureRecord(shop, call());
  // by name, the whole zone before the change, and by name again
  t.same(fake.requests, ['GET', 'GET', 'PATCH', 'GET']);
  await driver.ensureRecord({ ...shop, values: [...shop.values, ...shop.values] }, call());
  t.same(fake.requests, ['GET', 'GET', 'PATCH', 'GET', 'GET']);
  t.match(fake.sets.get(`shop.${ZONE}. A`), {
    ttl: 60,
    comments: [{ content: 'innkeeper:test/default/shop/1', account: 'innkeeper' }],
  });
  const set = fake.sets.get(`shop.${ZONE}. A`);
  for (const record of set?.records ?? []) record.disabled = true;
  await driver.ensureRecord(shop, call());
  t.match(
    fake.sets.get(`shop.${ZONE}. A`),
    { records: [{ disabled: false }] },
    'a disabled record is not served',
  );
});

t.test('what is switched off at the server, and what others noted there, stays', async (t) => {
  const { fake, driver } = await server(t);
  const id = `shop.${ZONE}. A`;
  const parked = { content: '198.51.100.77', disabled: true };
  fake.put(shop.name, 'A', parked.content, 'ticket 4711');
  for (const record of fake.sets.get(id)?.records ?? []) record.disabled = true;
  await driver.ensureRecord(shop, call());
  t.match(fake.sets.get(id), {
    records: [{ content: '203.0.113.10', disabled: false }, parked],
    comments: [{ content: 'ticket 4711' }, { content: formatMark(mark('shop')) }],
  });
  t.match(await driver.find(shop.name, 'A', call()), { values: shop.values, mark: shop.mark });
  await driver.ensureRecord({ ...shop, values: ['203.0.113.11'] }, call());
  t.same(fake.sets.get(id)?.records, [{ content: '203.0.113.11', disabled: false }, parked]);
  await driver.removeRecord(shop, call());
  t.match(fake.sets.get(id), { records: [parked], comments: [{ content: 'ticket 4711' }] });
  t.equal(fake.sets.get(id)?.comments.length, 1, 'the mark has gone');
  t.same(await driver.list(call()), []);
});

t.test('a record of ours that somebody switched off is not listed as one that stands', async (t) => {
  const { fake, driver } = await server(t);
  await driver.ensureRecord(shop, call());
  for (const record of fake.sets.get(`shop.${ZONE}. A`)?.records ?? []) record.disabled = true;
  t.same(await driver.list(call()), []);
  t.equal(await driver.find(shop.name, 'A', call()), undefined);
});

t.test('a back end without comments: the mark stands in a TXT record beside', async (t) => {
  const { fake, driver } = await server(t);
  fake.hasComments = false;
  const owner = `_innkeeper-owner.shop.${ZONE}. TXT`;
  await driver.ensureRecord(shop, call());
  t.same(fake.requests, ['GET', 'GET', 'PATCH', 'GET', 'GET', 'PATCH', 'GET', 'GET']);
  t.match(fake.sets.get(owner), {
    ttl: 60,
    records: [{ content: `"${formatMark(mark('shop'))} A"`, disabled: false }],
  });
  await driver.ensureRecord({ ...shop, type: 'AAAA', values: ['2001:db8::1'] }, call());
  t.equal(fake.sets.get(owner)?.records.length, 2);
  t.equal(fake.requests.filter((method) => method === 'PATCH').length, 3, 'comments are not tried again');
  t.same(
    (await driver.list(call())).map(({ type, markAlone }) => ({ type, markAlone })),
    [
      { type: 'A', markAlone: true },
      { type: 'AAAA', markAlone: true },
    ],
  );
  const alias = { ...shop, type: 'CNAME', values: [`www.${ZONE}`] } as const;
  await driver.ensureRecord(alias, call());
  t.same(fake.sets.get(owner)?.records, [
    { content: `"${formatMark(mark('shop'))} CNAME"`, disabled: false },
  ]);
  await driver.removeRecord(alias, call());
  t.same([...fake.sets.keys()], [], 'nothing is left behind');
  await driver.ensureRecord(shop, call());
  fake.sets.delete(`shop.${ZONE}. A`);
  await driver.removeRecord(shop, call());
  t.same([...fake.sets.keys()], [], 'also when the record itself was taken away by somebody');
});

t.test('powerdns without comments: the contract', async (t) => {
  await dnsContract(t, async (t) => {
    const { fake, driver } = await server(t);
    fake.hasComments = false;
    const foreign = async (name: string, type: string, value: string): Promise<void> =>
      fake.put(name, type, type === 'CNAME' ? `${value}.` : value);
    return { driver, zone: ZONE, foreign };
  });
});

t.test(
  'a record that came between our look and our change is a conflict, no failure of the server',
  async (t) => {
    const { fake, driver } = await server(t);
    const words = 'RRset shop.example.test. IN A: Conflicts with pre-existing RRset';
    fake.intercept = (asked, answer) =>
      asked.method === 'PATCH' && Boolean(answer.writeHead(422).end(JSON.stringify({ error: words })));
    await t.rejects(driver.ensureRecord(shop, call()), { code: 'foreign_object', failure: 'conflict' });
  },
);

t.test('a mark that only looks like ours is foreign', async (t) => {
  const { fake, driver } = await server(t);
  for (const comment of [
    formatMark(mark('shop-2')),
    `${formatMark(mark('shop'))}0`,
    'innkeeper:test/default/shop',
    '',
  ]) {
    fake.put(shop.name, 'A', '198.51.100.1', comment);
    await t.rejects(driver.ensureRecord(shop, call()), { code: 'foreign_object' }, comment);
  }
});

t.test('each way to fail has its code', async (t) => {
  const { fake, driver } = await server(t, { timeout_s: 0.2 });
  const failing = async (expected: object, name: string): Promise<void> => {
    const [end] = await Promise.allSettled([driver.ensureRecord(shop, call())]);
    t.match(end, { status: 'rejected', reason: { role: 'DNS', ...expected } }, name);
  };
  await t.rejects(driverAt(t, fake.url, { api_key: new Secret('wrong') }).ensureRecord(shop, call()), {
    code: 'dns_refused',
    failure: 'refused_us',
  });
  await t.rejects(driverAt(t, fake.url, { server_id: 'other' }).ensureRecord(shop, call()), {
    code: 'dns_refused',
    failure: 'refused_us',
    detail: '404: the server has no zone example.test.',
  });
  fake.intercept = (_, answer) => Boolean(answer.writeHead(422).end('{"error":"RRset has a problem"}'));
  await failing(
    { code: 'dns_failed', failure: 'refused_request', detail: '422: RRset has a problem' },
    'refused content',
  );
  fake.intercept = (_, answer) => Boolean(answer.writeHead(500).end('{"error":"database is locked"}'));
  await failing({ code: 'dns_unreachable', retryable: true, detail: /database is locked/ }, 'server trouble');
  fake.intercept = (_, answer) => Boolean(answer.writeHead(200).end('<html>captive portal</html>'));
  await failing(
    { code: 'dns_refused', failure: 'refused_us', system: 'dns', detail: /^200: a web page instead/ },
    'something else answers',
  );
  fake.intercept = (_, answer) => Boolean(answer.writeHead(200).end('{}'));
  await failing({ code: 'dns_timeout', retryable: true, detail: /not a zone/ }, 'half an answer');
  fake.intercept = (_, answer) => Boolean(answer.writeHead(302, { location: 'http://login.test/' }).end());
  await failing({ code: 'dns_refused', failure: 'refused_us', detail: /^302/ }, 'a redirect');
  fake.intercept = (_, answer) => Boolean(answer.writeHead(502).end('<html><title>Bad Gateway</title>'));
  await failing({ code: 'dns_unreachable', detail: /Bad Gateway/ }, 'a gateway that gets no answer itself');
  fake.intercept = (asked) => Boolean(asked.socket.destroy());
  await failing({ code: 'dns_unreachable' }, 'the connection breaks');
  fake.intercept = () => true;
  await failing({ code: 'dns_unreachable', detail: /no answer within/ }, 'silence');
  let lies = 0;
  fake.intercept = (asked, answer) =>
    asked.method === 'PATCH' && ++lies > 0 && Boolean(answer.writeHead(204).end());
  await failing(
    { code: 'dns_failed', failure: 'unknown', detail: /changed 3 times, but still lacks/ },
    'a server that goes on lying',
  );
  t.equal(lies, 3, 'what was acknowledged and is not there is sent again, a few times');
  fake.intercept = (asked, answer) =>
    asked.method === 'PATCH' && ++lies === 4 && Boolean(answer.writeHead(204).end());
  await driver.ensureRecord(shop, call());
  t.equal(lies, 5, 'a lie is overcome');
  await driver.removeRecord(shop, call());
  const closed = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  await t.rejects(driverAt(t, `http://127.0.0.1:${port}`).find(shop.name, 'A', call()), {
    code: 'dns_unreachable',
  });
  for (const error of await Promise.allSettled([driver.ensureRecord(shop, call())])) {
    t.notMatch(JSON.stringify(error), /right/, 'the key is in no error');
  }
});

t.test('an abort ends a waiting call at once', async (t) => {
  const { fake, driver } = await server(t);
  fake.intercept = () => true;
  const stop = new AbortController();
  const asked: Promise<unknown>[] = Array.from({ length: 6 }, () =>
    driver.ensureRecord(shop, plainCall(stop.signal)),
  );
  setTimeout(() => stop.abort(), 20);
  for (const end of await Promise.allSettled(asked)) {
    t.match(end, { status: 'rejected', reason: { code: 'aborted' } });
  }
  const late: FakePowerDns['requests'] = fake.requests;
  t.equal(late.includes('PATCH'), false);
});
