import t from 'tap';
import type { AddressPool } from '../../src/model/address-pool.js';
import { chooseAddresses, poolsOf } from '../../src/model/pool-choice.js';

const pool = (name: string, n: number, also: Partial<AddressPool> = {}): AddressPool => ({
  ...{ name, first: `10.0.${n}.10`, last: `10.0.${n}.11`, prefix: 24, gateway: `10.0.${n}.1` },
  ...also,
});
const pool6 = (name: string, n: number, also: Partial<AddressPool> = {}): AddressPool => ({
  ...{ name, first: `fd00:${n}::10`, last: `fd00:${n}::11`, prefix: 64, gateway: `fd00:${n}::1` },
  ...also,
});
const free = (): boolean => false;
const namesIn = (pools: readonly AddressPool[]): string[] => pools.map(({ name }) => name);

t.test('a plan gets the pools that it names, or else those that are not reserved for plans', async (t) => {
  const pools = [pool('a', 1), pool('public', 2, { plans_only: true }), pool('b', 3)];
  t.same(namesIn(poolsOf(pools, {})), ['a', 'b']);
  t.same(namesIn(poolsOf(pools, { pools: ['public'] })), ['public']);
  t.same(poolsOf(pools, { pools: ['gone'] }), []);
});

t.test('a guest gets one address of each family, all of one network', async (t) => {
  const wan = { bridge: 'vmbr1', vlan: 20 };
  const pools = [pool('a', 1), pool('wan', 2, wan), pool6('six', 1), pool6('wan-six', 2, wan)];
  t.match(chooseAddresses(pools, free), [
    { pool: 'a', address: '10.0.1.10', gateway: '10.0.1.1' },
    { pool: 'six', address: 'fd00:1::10' },
  ]);
  t.notOk(
    chooseAddresses(pools, free)?.some(({ network }) => network),
    'the network of all containers',
  );
  const isTaken = (address: string): boolean => address.startsWith('fd00:1:');
  t.match(
    chooseAddresses(pools, isTaken),
    [
      { pool: 'wan', address: '10.0.2.10', network: wan },
      { pool: 'wan-six', address: 'fd00:2::10', network: wan },
    ],
    'not an address of one network and an address of another',
  );
  t.equal(
    chooseAddresses(pools, () => true),
    undefined,
  );
  t.equal(chooseAddresses([], free), undefined);
});

t.test('within a network, the first pool with a free address is used', async (t) => {
  const pools = [pool('a', 1), pool('b', 2)];
  const isTaken = (address: string): boolean => address.startsWith('10.0.1.');
  t.match(chooseAddresses(pools, isTaken), [{ pool: 'b', address: '10.0.2.10' }]);
  t.match(
    chooseAddresses(pools, free, () => '10.0.1.10'),
    [{ address: '10.0.1.11' }],
    'the search goes on',
  );
});
