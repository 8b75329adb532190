/** What every reverse proxy driver does, whatever proxy stands behind it. */
import type { Test } from 'tap';
import type { Mark } from '../../src/kernel/mark.js';
import { plainCall } from '../../src/drivers/shared/call.js';
import type { ProxyDriver, ProxyHost } from '../../src/drivers/proxy/contract.js';

export const call = (): ReturnType<typeof plainCall> => plainCall(AbortSignal.timeout(50_000));

export function markOf(service: string, generation = 1): Mark {
  return { agent: 'test', panel: 'default', service, generation };
}

export function hostOf(service: string, more: Partial<ProxyHost> = {}): ProxyHost {
  return {
    mark: markOf(service),
    names: [`${service}.example.test`],
    upstream: { address: '127.0.0.1', port: 8080 },
    state: 'enabled',
    ...more,
  };
}

/** @param make a driver over an empty proxy, closed by the caller */
export async function proxyContract(t: Test, make: (t: Test) => Promise<ProxyDriver>): Promise<void> {
  await t.test('ensureHost is repeatable, and find and list tell what is served', async (t) => {
    const driver = await make(t);
    t.same(await driver.list(call()), []);
    const host = hostOf('one', { names: ['one.example.test', 'www.one.example.test'] });
    await driver.ensureHost(host, call());
    await driver.ensureHost(host, call());
    t.same(await driver.find(host.mark, call()), host);
    const suspended: ProxyHost = { ...host, state: 'suspended', names: ['one.example.test'] };
    await driver.ensureHost(suspended, call());
    t.same(await driver.list(call()), [suspended]);
  });

  await t.test('removeHost succeeds when there is nothing, and only touches its own mark', async (t) => {
    const driver = await make(t);
    await driver.removeHost(markOf('nobody'), call());
    await driver.ensureHost(hostOf('one'), call());
    await driver.removeHost(markOf('one', 2), call());
    await driver.removeHost({ ...markOf('one'), agent: 'another' }, call());
    t.same(await driver.find(markOf('one'), call()), hostOf('one'));
    await driver.removeHost(markOf('one'), call());
    t.equal(await driver.find(markOf('one'), call()), undefined);
    t.same(await driver.list(call()), []);
  });

  await t.test('a name belongs to one record until that is removed', async (t) => {
    const driver = await make(t);
    await driver.ensureHost(hostOf('one'), call());
    const thief = hostOf('two', { names: ['two.example.test', 'one.example.test'] });
    await t.rejects(driver.ensureHost(thief, call()), { code: 'foreign_object' });
    await t.rejects(driver.ensureHost(hostOf('one', { mark: markOf('one', 2) }), call()), {
      code: 'foreign_object',
    });
    t.equal(await driver.find(thief.mark, call()), undefined);
    await driver.removeHost(markOf('one'), call());
    await driver.ensureHost(thief, call());
    t.same(await driver.find(thief.mark, call()), thief);
  });

  await t.test('what could be more than a name, an address or a port is refused', async (t) => {
    const driver = await make(t);
    const names = [
      '',
      'localhost',
      '*.example.test',
      'A.example.test',
      'a b.example.test',
      'a.test;',
      'a.test\n',
      'default',
      '$host.test',
      '"a.test"',
      'a..test',
      '-a.test',
      '10.0.0.1',
      `${'a'.repeat(64)}.test`,
      `${'a.'.repeat(130)}test`,
    ];
    for (const name of names) {
      await t.rejects(
        driver.ensureHost(hostOf('bad', { names: [name] }), call()),
        { code: 'proxy_failed' },
        name,
      );
    }
    for (const address of [
      '',
      'localhost',
      '127.1',
      '0x7f.0.0.1',
      '1',
      '10.0.0.1;',
      'fe80::1%eth0',
      '0.0.0.0',
      '::',
      '224.0.0.1',
      '10.0.0.5:80',
    ]) {
      const upstream = { address, port: 80 };
      await t.rejects(
        driver.ensureHost(hostOf('bad', { upstream }), call()),
        { code: 'proxy_failed' },
        address,
      );
    }
    for (const port of [0, -1, 65_536, 1.5, Number.NaN]) {
      const upstream = { address: '127.0.0.1', port };
      await t.rejects(
        driver.ensureHost(hostOf('bad', { upstream }), call()),
        { code: 'proxy_failed' },
        `${port}`,
      );
    }
    const mark = { ...markOf('bad'), service: '../../etc' };
    await t.rejects(driver.ensureHost(hostOf('bad', { mark }), call()), { code: 'proxy_failed' });
    await t.rejects(driver.removeHost(mark, call()), { code: 'proxy_failed' });
    await t.rejects(driver.ensureHost(hostOf('bad', { names: [] }), call()), { code: 'proxy_failed' });
    t.same(await driver.list(call()), []);
  });

  await t.test('many at once are all served, and an aborted call changes nothing', async (t) => {
    const driver = await make(t);
    const hosts = Array.from({ length: 50 }, (_, index) => hostOf(`many-${index}`));
    await Promise.all(hosts.map((host) => driver.ensureHost(host, call())));
    t.equal((await driver.list(call())).length, 50);
    await t.rejects(driver.ensureHost(hostOf('late'), plainCall(AbortSignal.abort())), { code: 'aborted' });
    t.equal(await driver.find(markOf('late'), call()), undefined);
  });
}
