import t, { type Test } from 'tap';
import { nameLookup } from '../../../src/drivers/lookup/resolver/index.js';
import { mayAsk } from '../../../src/drivers/lookup/resolver/reachable.js';
import { checkAddresses } from '../../../src/domains/address-check.js';
import { fakeNameServer, type FakeNameServer } from '../../fakes/name-server.js';

const call = { signal: AbortSignal.timeout(30_000) };

async function world(t: Test, labNetworks = ['127.0.0.0/8']) {
  const server = await fakeNameServer();
  t.teardown(() => server.close());
  server.records.set('example.test NS', ['ns1.example.test']);
  server.records.set('ns1.example.test A', ['127.0.0.1']);
  const lookup = nameLookup({
    resolvers: [`127.0.0.1:${server.port}`],
    dns_port: server.port,
    lookup_timeout_s: 5,
    lab_networks: labNetworks,
    closed_networks: [],
    http_port: 80,
    https_port: 443,
  });
  return { server, lookup };
}

/** A second server of the zone, at the same port of another loopback address. */
async function second(t: Test, first: FakeNameServer): Promise<FakeNameServer> {
  const server = await fakeNameServer('127.0.0.2', first.port);
  t.teardown(() => server.close());
  first.records.set('example.test NS', ['ns1.example.test', 'ns2.example.test']);
  first.records.set('ns2.example.test A', ['127.0.0.2']);
  return server;
}

t.test('both kinds of address are found through aliases, at the zone that holds each name', async (t) => {
  const { server, lookup } = await world(t);
  server.records.set('shop.example.test CNAME', ['Edge.Other.test.']);
  server.records.set('other.test NS', ['ns1.example.test']);
  server.records.set('edge.other.test A', ['203.0.113.10']);
  server.records.set('edge.other.test AAAA', ['2001:DB8:0::1']);
  t.same(await lookup.addresses('shop.example.test', call), {
    addresses: ['203.0.113.10', '2001:db8::1'],
    aliases: ['edge.other.test'],
  });
  t.same(await lookup.addresses('nobody.example.test', call), { addresses: [], aliases: [] });
  t.same(await lookup.addresses('nobody.nowhere', call), { addresses: [], aliases: [] });
});

t.test('a loop of aliases ends', async (t) => {
  const { server, lookup } = await world(t);
  server.records.set('a.example.test CNAME', ['b.example.test']);
  server.records.set('b.example.test CNAME', ['a.example.test']);
  t.same(await lookup.addresses('a.example.test', call), { addresses: [], aliases: ['b.example.test'] });
  for (let n = 0; n < 40; n += 1) server.records.set(`n${n}.example.test CNAME`, [`n${n + 1}.example.test`]);
  t.ok((await lookup.addresses('n0.example.test', call)).aliases.length < 12);
});

t.test('servers that disagree are both believed; one that is silent or lame is passed over', async (t) => {
  const { server, lookup } = await world(t);
  const other = await second(t, server);
  server.records.set('example.test A', ['203.0.113.10']);
  other.records.set('example.test A', ['198.51.100.9']);
  t.same((await lookup.addresses('example.test', call)).addresses, ['203.0.113.10', '198.51.100.9']);
  other.fail = 5;
  t.same((await lookup.addresses('example.test', call)).addresses, ['203.0.113.10']);
});

t.test(
  'of a zone with hundreds of name servers only a few are asked, without a warning of Node',
  async (t) => {
    const { server, lookup } = await world(t);
    const warnings: unknown[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', listen);
    t.teardown(() => process.off('warning', listen));
    const hosts = Array.from({ length: 300 }, (_, n) => `ns${n}.example.test`);
    server.records.set('example.test NS', hosts);
    for (const host of hosts) server.records.set(`${host} A`, ['127.0.0.1']);
    server.records.set('shop.example.test A', ['203.0.113.10']);
    const { signal } = new AbortController();
    t.match(await lookup.addresses('shop.example.test', { signal }), { addresses: ['203.0.113.10'] });
    const asked = new Set(server.asked.filter((one) => /^ns\d+\.example\.test AAAA$/.test(one)));
    t.same(
      [...asked],
      hosts.slice(0, 6).map((host) => `${host} AAAA`),
    );
    await new Promise((resolve) => setImmediate(resolve));
    t.same(warnings, []);
  },
);

t.test('what does not fit a datagram is asked for again over TCP', async (t) => {
  const { server, lookup } = await world(t);
  server.truncate = true;
  server.records.set('_innkeeper-challenge.example.test TXT', ['x'.repeat(200), 'second']);
  t.same(await lookup.texts('_innkeeper-challenge.example.test', call), ['x'.repeat(200), 'second']);
});

t.test('a server without EDNS is asked once more without it, and no other is', async (t) => {
  const { server, lookup } = await world(t);
  server.records.set('example.test A', ['203.0.113.10']);
  server.records.set('long.example.test TXT', ['x'.repeat(200), 'y'.repeat(200), 'z'.repeat(200)]);
  const alone = async (): Promise<number> => {
    server.asked.length = 0;
    t.same((await lookup.addresses('example.test', call)).addresses, ['203.0.113.10'], server.edns);
    return server.asked.length;
  };
  const usual = await alone();
  for (const edns of ['formerr', 'notimp', 'formerr without question', 'notimp without question'] as const) {
    server.edns = edns;
    t.equal(await alone(), usual, 'every question was answered once');
    t.equal((await lookup.texts('long.example.test', call)).length, 3, 'also what is longer than 512 bytes');
  }
  server.fail = 1;
  await t.rejects(
    lookup.addresses('example.test', call),
    { code: 'lookup_failed' },
    'it fails without EDNS, too',
  );
});

t.test('CAA counts from the first name above that has any', async (t) => {
  const { server, lookup } = await world(t);
  server.records.set('shop.example.test A', ['203.0.113.10']);
  t.equal(await lookup.authorities('shop.example.test', call), undefined);
  server.records.set('example.test CAA', ['0 issue "ca.test; validationmethods=http-01"', '128 iodef "x"']);
  t.same(await lookup.authorities('shop.example.test', call), {
    at: 'example.test',
    records: [
      { critical: false, tag: 'issue', value: 'ca.test; validationmethods=http-01' },
      { critical: true, tag: 'iodef', value: 'x' },
    ],
  });
});

t.test('the delegation of a zone is told by name', async (t) => {
  const { server, lookup } = await world(t);
  server.records.set('test NS', ['ns1.example.test']);
  t.same(await lookup.nameServers('example.test', call), ['ns1.example.test'], 'as the zone above says');
  server.records.set('shop.example.test CNAME', ['example.test']);
  t.same(await lookup.nameServers('shop.example.test', call), []);
});

const may = (address: string, lab: readonly string[], closed: readonly string[] = []): boolean =>
  mayAsk(address, { lab_networks: lab, closed_networks: closed });

t.test(
  'name servers with private addresses are not asked, unless the network is listed for a lab',
  async (t) => {
    const { server, lookup } = await world(t, []);
    server.records.set('example.test A', ['203.0.113.10']);
    await t.rejects(lookup.addresses('example.test', call), {
      code: 'lookup_failed',
      message: /private addresses/,
    });
    t.notOk(server.asked.includes('example.test A'));
    for (const address of [
      ...['127.0.0.1', '10.0.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1'],
      ...['::1', '::', 'fe80::1', 'fec0::1', 'fd00::1', 'ff02::1', '255.255.255.255', 'localhost', ''],
      // an IPv4 address in the clothes of IPv6: mapped, compatible, NAT64, 6to4, Teredo
      ...['::ffff:10.0.0.1', '::ffff:0:10.0.0.1', '::10.0.0.1', '::a00:1', '64:ff9b::a00:1'],
      ...['64:ff9b:1::a00:1', '2002:a00:1::1', '2001::a00:1', '4000::1', '0.1.2.3', '198.18.0.1'],
    ])
      t.notOk(may(address, []), address);
    t.ok(may('9.9.9.9', []));
    t.ok(may('2620:fe::fe', []));
    t.ok(may('2a01:4f8::1', []));
    t.ok(may('10.1.2.3', ['10.0.0.0/8']));
    t.ok(may('10.1.2.3', ['10.1.2.3']));
    t.notOk(may('fd00::1', ['10.0.0.0/8']));
    t.notOk(may('2001:db8:64::a00:1', [], ['2001:db8:64::/96']), 'a NAT64 prefix of our own');
    t.ok(may('2a01:4f8:64::a00:1', [], ['2001:db8:64::/96']));
    t.notOk(may('2a01:4f8:64::a00:1', [], ['2a01:4f8:64::/96']), 'public, and closed all the same');
    t.notOk(may('10.1.2.3', ['10.0.0.0/8'], ['10.1.0.0/16']), 'closed wins');
  },
);

t.test('without any answer the look-up fails as one that may pass', async (t) => {
  const { server, lookup } = await world(t);
  server.fail = 2;
  await t.rejects(lookup.addresses('example.test', call), { code: 'lookup_failed', retryable: true });
});

t.test('of many addresses a sentence shows a few', async (t) => {
  const { server, lookup } = await world(t);
  const many = Array.from({ length: 249 }, (_, n) => `198.51.100.${n + 1}`);
  server.records.set('example.test A', many);
  t.match(await checkAddresses(lookup, 'example.test', ['203.0.113.10'], call), {
    found: /^(198\.51\.100\.\d+, ){4}198\.51\.100\.\d+ and 244 more$/,
  });
});

t.test('routing says what was expected and what was found', async (t) => {
  const { server, lookup } = await world(t);
  const ours = ['203.0.113.10', '2001:db8:0:0::1'];
  t.match(await checkAddresses(lookup, 'example.test', ours, call), {
    here: false,
    found: 'no address',
    expected: '203.0.113.10 or 2001:db8::1',
  });
  server.records.set('example.test A', ['203.0.113.10']);
  t.match(await checkAddresses(lookup, 'example.test', ours, call), { here: true });
  server.records.set('example.test AAAA', ['2001:db8::2']);
  t.match(
    await checkAddresses(lookup, 'example.test', ours, call),
    { here: false, found: '203.0.113.10 and 2001:db8::2' },
    'one stray address is enough',
  );
});
