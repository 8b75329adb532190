import { Resolver } from 'node:dns/promises';
import t, { type Test } from 'tap';
import { request } from 'undici';
import { Secret } from '../../../src/domain/secret.js';
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

t.test('the contract', async (t) => {
  await dnsContract(t, async (t) => {
    const { url } = await realPowerDns(t, ZONE);
    const foreign = async (name: string, type: string, value: string): Promise<void> => {
      const content = type === 'CNAME' ? `${value}.` : value;
      const rrsets = [
        { name: `${name}.`, type, ttl: 60, changetype: 'REPLACE', records: [{ content, disabled: false }] },
      ];
      const answer = await request(`${url}/api/v1/servers/localhost/zones/${ZONE}.`, {
        method: 'PATCH',
        headers: { 'x-api-key': 'right' },
        body: JSON.stringify({ rrsets }),
      });
      await answer.body.dump();
      t.equal(answer.statusCode, 204);
    };
    return { driver: driverAt(t, url), zone: ZONE, foreign };
  });
});

t.test('the record is served once the call returns, and gone once it is removed', async (t) => {
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

t.test('a wrong key and a missing zone are told apart', async (t) => {
  const { url } = await realPowerDns(t, ZONE);
  const record = { name: `shop.${ZONE}`, type: 'A', values: ['203.0.113.10'], mark: mark('shop') } as const;
  await t.rejects(driverAt(t, url, 'wrong').ensureRecord(record, call()), { code: 'dns_refused' });
  const elsewhere = powerDnsDriver(
    { url, api_key: new Secret('right'), server_id: 'localhost', zone: 'missing.test', timeout_s: 5 },
    60,
  );
  t.teardown(() => elsewhere.close());
  await t.rejects(elsewhere.ensureRecord({ ...record, name: 'shop.missing.test' }, call()), {
    code: 'dns_failed',
  });
});
