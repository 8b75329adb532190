/**
 * What every DNS driver does. One that writes no records (`capabilities.records: false`) only has to accept every
 * wish.
 */
import type { Test } from 'tap';
import type { Mark } from '../../src/kernel/mark.js';
import { plainCall } from '../../src/drivers/shared/call.js';
import type { DnsDriver, DnsRecord } from '../../src/drivers/dns/contract.js';

export interface DnsUnderTest {
  readonly driver: DnsDriver;
  /** A zone it may write to. */
  readonly zone: string;
  /** Makes a record as somebody else would. */
  readonly foreign: (name: string, type: DnsRecord['type'], value: string) => Promise<void>;
}

export const call = (): ReturnType<typeof plainCall> => plainCall(AbortSignal.timeout(20_000));

export function mark(service: string, generation = 1): Mark {
  return { agent: 'test', panel: 'default', service, generation };
}

export async function dnsContract(t: Test, make: (t: Test) => Promise<DnsUnderTest>): Promise<void> {
  const recordAt = (zone: string, more: Partial<DnsRecord> = {}): DnsRecord => ({
    name: `shop.${zone}`,
    type: 'A',
    values: ['203.0.113.10'],
    mark: mark('shop'),
    ...more,
  });

  await t.test('ensureRecord and removeRecord are repeatable', async (t) => {
    const { driver, zone } = await make(t);
    const record = recordAt(zone);
    await driver.removeRecord(record, call());
    await driver.ensureRecord(record, call());
    await driver.ensureRecord(record, call());
    const found = await driver.find(record.name, 'A', call());
    t.same(found, driver.capabilities.records ? { values: record.values, mark: record.mark } : undefined);
    t.same(
      await driver.list(call()),
      driver.capabilities.records
        ? [{ name: record.name, type: 'A', values: record.values, mark: record.mark, markAlone: true }]
        : [],
    );
    await driver.removeRecord(record, call());
    await driver.removeRecord(record, call());
    t.equal(await driver.find(record.name, 'A', call()), undefined);
    t.same(await driver.list(call()), []);
  });

  await t.test('the list leaves out what bears no mark', async (t) => {
    const { driver, zone, foreign } = await make(t);
    if (!driver.capabilities.records) return;
    await foreign(`other.${zone}`, 'A', '198.51.100.1');
    await driver.ensureRecord(recordAt(zone), call());
    t.same(
      (await driver.list(call())).map(({ name }) => name),
      [`shop.${zone}`],
    );
    await t.rejects(driver.list(plainCall(AbortSignal.abort())), { code: 'aborted' });
  });

  await t.test('every type keeps its values', async (t) => {
    const { driver, zone } = await make(t);
    if (!driver.capabilities.records) return;
    const requests: Partial<DnsRecord>[] = [
      { type: 'A', values: ['203.0.113.10', '203.0.113.11'] },
      { type: 'AAAA', values: ['2001:db8::1'] },
      { type: 'TXT', values: ['"a \\"quoted\\" \\\\ text"', `grüße ${'x'.repeat(400)}`] },
    ];
    for (const request of requests) {
      const record = recordAt(zone, request);
      await driver.ensureRecord(record, call());
      const found = await driver.find(record.name, record.type, call());
      t.same([...(found?.values ?? [])].sort(), [...record.values].sort(), record.type);
    }
    const alias = recordAt(zone, { name: `alias.${zone}`, type: 'CNAME', values: [`shop.${zone}`] });
    await driver.ensureRecord(alias, call());
    t.same(await driver.find(alias.name, 'CNAME', call()), { values: alias.values, mark: alias.mark });
  });

  await t.test('a record of ours with other values is replaced', async (t) => {
    const { driver, zone } = await make(t);
    if (!driver.capabilities.records) return;
    await driver.ensureRecord(recordAt(zone), call());
    const moved = recordAt(zone, { values: ['203.0.113.99'] });
    await driver.ensureRecord(moved, call());
    t.same(await driver.find(moved.name, 'A', call()), { values: ['203.0.113.99'], mark: mark('shop') });
    const alias = recordAt(zone, { type: 'CNAME', values: [`www.${zone}`] });
    await driver.ensureRecord(alias, call());
    t.equal(await driver.find(moved.name, 'A', call()), undefined, 'ours made way for our alias');
  });

  await t.test('what is not ours is neither changed nor removed nor adopted', async (t) => {
    const { driver, zone, foreign } = await make(t);
    if (!driver.capabilities.records) return;
    const record = recordAt(zone);
    await foreign(record.name, 'A', '198.51.100.1');
    await t.rejects(driver.ensureRecord(record, call()), { code: 'foreign_object', retryable: false });
    await t.rejects(driver.ensureRecord({ ...record, values: ['198.51.100.1'] }, call()), {
      code: 'foreign_object',
    });
    await driver.removeRecord(record, call());
    t.same(await driver.find(record.name, 'A', call()), { values: ['198.51.100.1'], mark: undefined });

    const taken = recordAt(zone, { name: `taken.${zone}` });
    await foreign(taken.name, 'CNAME', `elsewhere.${zone}`);
    await t.rejects(
      driver.ensureRecord(taken, call()),
      { code: 'foreign_object' },
      'an alias is in the way too',
    );

    const old = recordAt(zone, { name: `old.${zone}` });
    await driver.ensureRecord(old, call());
    const next = { ...old, mark: mark('shop', 2) };
    await t.rejects(
      driver.ensureRecord(next, call()),
      { code: 'foreign_object' },
      'nor an earlier generation',
    );
    await driver.removeRecord(next, call());
    t.same(await driver.find(old.name, 'A', call()), { values: old.values, mark: old.mark });
  });

  await t.test('names outside of the zone and wrong values are refused', async (t) => {
    const { driver, zone } = await make(t);
    if (!driver.capabilities.records) return;
    const wrong: Partial<DnsRecord>[] = [
      { name: 'shop.elsewhere.test' },
      { name: `evil${zone}` },
      { name: `a b.${zone}` },
      { name: `shop.${zone}.` },
      { name: `x/../y.${zone}` },
      { values: [] },
      { values: ['256.1.1.1'] },
      { values: ['127.1'] },
      { values: ['2001:db8::1'] },
      { type: 'AAAA', values: ['203.0.113.1'] },
      { type: 'CNAME', values: ['a b'] },
    ];
    for (const one of wrong) {
      await t.rejects(
        driver.ensureRecord(recordAt(zone, one), call()),
        { code: 'dns_failed' },
        JSON.stringify(one),
      );
    }
  });

  await t.test('many at once all stand, and an aborted call changes nothing', async (t) => {
    const { driver, zone } = await make(t);
    if (!driver.capabilities.records) return;
    const records = Array.from({ length: 30 }, (_, i) =>
      recordAt(zone, { name: `s${i}.${zone}`, mark: mark(`s${i}`) }),
    );
    await Promise.all(records.map((record) => driver.ensureRecord(record, call())));
    const found = await Promise.all(records.map((record) => driver.find(record.name, 'A', call())));
    t.same(
      found.map((one) => one?.mark?.service),
      records.map((one) => one.mark.service),
    );
    const late = recordAt(zone, { name: `late.${zone}` });
    await t.rejects(driver.ensureRecord(late, plainCall(AbortSignal.abort())), { code: 'aborted' });
    t.equal(await driver.find(late.name, 'A', call()), undefined);
  });
}
