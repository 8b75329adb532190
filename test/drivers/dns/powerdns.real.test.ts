import { Resolver } from 'node:dns/promises';
import t, { type Test } from 'tap';
import { request } from 'undici';
import { Secret } from '../../../src/kernel/secret.js';
import { powerDnsDriver } from '../../../src/drivers/dns/powerdns/index.js';
import { call, dnsContract, mark } from '../../contracts/dns.js';
import { realPowerDns } from './real-powerdns.js';

const ZONE = 'example.test';

const driverAt = (t: Test, url: string, key = 'right') => {
  const config = { url, api_key: new Secret(key), server_id: 'localhost', zone: ZONE, timeout_s: 5 };
  const driver = powerDnsDriver(config, 60);
  t.teardown(() => driver.close());
  return driver;
};

for (const backend of ['sqlite', 'lmdb'] as const)
  t.test(`the contract, with the back end ${backend}`, async (t) => {
    await dnsContract(t, async (t) => {
      const { url } = await realPowerDns(t, ZONE, backend);
      const foreign = async (name: string, type: string, value: string): Promise<void> => {
        const content = type === 'CNAME' ? `${value}.` : value;
        const records = [{ content, disabled: false }];
        await patch(t, url, { name: `${name}.`, type, ttl: 60, changetype: 'REPLACE', records });
      };
      return { driver: driverAt(t, url), zone: ZONE, foreign };
    });
  });

async function patch(t: Test, url: string, rrset: object): Promise<void> {
  const answer = await request(`${url}/api/v1/servers/localhost/zones/${ZONE}.`, {
    method: 'PATCH',
    headers: { 'x-api-key': 'right' },
    body: JSON.stringify({ rrsets: [rrset] }),
  });
  t.equal(answer.statusCode, 204, await answer.body.text());
}

async function setsAt(url: string, name: string): Promise<object[]> {
  const answer = await request(`${url}/api/v1/servers/localhost/zones/${ZONE}.`, {
    headers: { 'x-api-key': 'right' },
  });
  const { rrsets } = (await answer.body.json()) as { rrsets: { name: string }[] };
  return rrsets.filter((set) => set.name.endsWith(`${name}.`));
}

for (const backend of ['sqlite', 'lmdb'] as const)
  t.test(`disabled records on the server stay unchanged, with the back end ${backend}`, async (t) => {
    const { url } = await realPowerDns(t, ZONE, backend);
    const driver = driverAt(t, url);
    const record = { name: `shop.${ZONE}`, type: 'A', values: ['203.0.113.10'], mark: mark('shop') } as const;
    const parked = { content: '198.51.100.7', disabled: true };
    const set = { name: `${record.name}.`, type: 'A', ttl: 60, changetype: 'REPLACE', records: [parked] };
    await patch(t, url, set);
    await driver.ensureRecord(record, call());
    t.match(await driver.find(record.name, 'A', call()), { values: record.values, mark: record.mark });
    t.match(await driver.list(call()), [{ name: record.name, values: record.values, markAlone: true }]);
    await driver.removeRecord(record, call());
    t.match(await setsAt(url, record.name), [{ type: 'A', records: [parked], comments: [] }]);
    t.equal((await setsAt(url, record.name)).length, 1, 'and nothing else is left');
  });

t.test('a record is served when the call returns, and is gone after its removal', async (t) => {
  const { url, dnsPort } = await realPowerDns(t, ZONE);
  const driver = driverAt(t, url);
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  resolver.setServers([`127.0.0.1:${dnsPort}`]);
  const record = { name: `shop.${ZONE}`, type: 'A', values: ['203.0.113.10'], mark: mark('shop') } as const;
  await driver.ensureRecord(record, call());
  t.same(await resolver.resolve4(record.name), ['203.0.113.10']);
  await driver.removeRecord(record, call());
  await t.rejects(resolver.resolve4(record.name), { code: 'ENOTFOUND' });
});

t.test('a wrong key and a missing zone cause different errors', async (t) => {
  const { url } = await realPowerDns(t, ZONE);
  const record = { name: `shop.${ZONE}`, type: 'A', values: ['203.0.113.10'], mark: mark('shop') } as const;
  await t.rejects(driverAt(t, url, 'wrong').ensureRecord(record, call()), {
    code: 'dns_refused',
    detail: /^401/,
  });
  const elsewhere = powerDnsDriver(
    { url, api_key: new Secret('right'), server_id: 'localhost', zone: 'missing.test', timeout_s: 5 },
    60,
  );
  t.teardown(() => elsewhere.close());
  await t.rejects(elsewhere.ensureRecord({ ...record, name: 'shop.missing.test' }, call()), {
    code: 'dns_refused',
    detail: '404: the server has no zone missing.test',
  });
});

t.test(
  "customers' zones: every type keeps its values, and a zone of somebody else's is left alone",
  async (t) => {
    const { url, dnsPort } = await realPowerDns(t, ZONE);
    const { zones } = driverAt(t, url);
    if (!zones) throw new Error('PowerDNS holds zones');
    const servers = ['ns1.example.test', 'ns2.example.test'];
    t.equal(await zones.ensure('customer.org', servers, call()), true);
    t.equal(await zones.ensure('customer.org', servers, call()), false);
    await t.rejects(zones.ensure(ZONE, servers, call()), { code: 'foreign_object' });
    await t.rejects(zones.remove(ZONE, call()), { code: 'foreign_object' });
    await t.rejects(zones.read('nobody.org', call()), { code: 'zone_not_found' });
    const sets = [
      { name: 'customer.org', type: 'MX', values: ['10 mail.customer.org', '20 mail.example.net'] },
      { name: 'customer.org', type: 'A', values: ['198.51.100.1', '198.51.100.2'] },
      { name: 'six.customer.org', type: 'AAAA', values: ['2001:db8::1'] },
      { name: 'www.customer.org', type: 'CNAME', values: ['customer.org'] },
      { name: '_dmarc.customer.org', type: 'TXT', values: ['"v=DMARC1; p=\\"none\\""', 'x'.repeat(400)] },
      { name: 'nomail.customer.org', type: 'MX', values: ['0 .'] },
      { name: 'sub.customer.org', type: 'NS', values: ['ns.example.net'] },
      { name: '*.wild.customer.org', type: 'A', values: ['198.51.100.3'] },
    ] as const;
    for (const set of sets) await zones.change('customer.org', () => ({ ...set, ttlS: 60 }), call());
    const found = await zones.read('customer.org', call());
    for (const { name, type, values } of sets) {
      const set = found.find((one) => one.name === name && one.type === type);
      t.same([...(set?.values ?? [])].sort(), [...values].sort(), `${name} ${type}`);
    }
    t.same(found.find(({ type, name }) => type === 'NS' && name === 'customer.org')?.values, servers);
    const resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${dnsPort}`]);
    t.same(await resolver.resolve4('any.wild.customer.org'), ['198.51.100.3']);
    const apex = { name: 'customer.org', type: 'A' } as const;
    await zones.change('customer.org', () => ({ ...apex, ttlS: 60, values: [] }), call());
    await t.rejects(resolver.resolve4('customer.org'), { code: 'ENODATA' });
    await zones.remove('customer.org', call());
    await zones.remove('customer.org', call());
    await t.rejects(zones.read('customer.org', call()), { code: 'zone_not_found' });
  },
);
