import t from 'tap';
import {
  type AddressPool,
  canBeReached,
  familyOf,
  findFreeAddress,
  firstFree,
  isWithin,
  rangeOf,
  valueIn,
} from '../../src/model/address-pool.js';
import { useOfNumbers, usesOfAddresses } from '../../src/model/pool-use.js';

const pool = (first: string, last: string, prefix: number, gateway: string): AddressPool => ({
  ...{ name: 'p', first, last, prefix, gateway },
});
const free = (): boolean => false;

t.test('an address of this machine, this link, a group or nothing cannot be reached', async (t) => {
  for (const [address, reached] of [
    ['203.0.113.10', true],
    ['10.0.0.1', true],
    ['1.0.0.0', true],
    ['2001:db8::1', true],
    ['fd00::1', true],
    ['0.0.0.0', false],
    ['0.1.2.3', false],
    ['127.0.0.1', false],
    ['169.254.1.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['::', false],
    ['::1', false],
    ['fe80::1', false],
    ['ff02::1', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:203.0.113.10', true],
  ] as const)
    t.equal(canBeReached(address), reached, address);
});

t.test('an address is within a network or equal to an address, of its own family', async (t) => {
  for (const [address, networks, within] of [
    ['10.1.2.3', ['10.1.2.0/24'], true],
    ['10.1.3.0', ['10.1.2.0/24'], false],
    ['10.1.2.3', ['10.1.2.3'], true],
    ['10.1.2.4', ['10.1.2.3'], false],
    ['10.1.2.3', ['192.0.2.0/24', '10.0.0.0/8'], true],
    ['::ffff:10.1.2.3', ['10.1.2.0/24'], true],
    ['2001:db8::1', ['2001:db8::/32'], true],
    ['2001:db8::1', ['2001:db8::1'], true],
    ['2001:db8::2', ['2001:db8::1'], false],
    ['2001:db8::1', ['0.0.0.0/0'], false],
    ['10.1.2.3', ['::/0'], false],
    ['10.1.2.3', [], false],
  ] as const)
    t.equal(isWithin(address, networks), within, `${address} in ${networks.join()}`);
});

t.test('the size of a pool counts what it can give out', async (t) => {
  for (const [what, of, size] of [
    ['a whole network', pool('10.0.0.0', '10.0.0.255', 24, '10.0.0.1'), 253n],
    ['a part without its ends and gateway', pool('10.0.0.10', '10.0.0.19', 24, '10.0.0.1'), 10n],
    ['a gateway that is the first', pool('10.0.0.1', '10.0.0.9', 24, '10.0.0.1'), 8n],
    ['a gateway that is the last', pool('10.0.0.2', '10.0.0.9', 24, '10.0.0.9'), 7n],
    ['a broadcast address that is the last', pool('10.0.0.250', '10.0.0.255', 24, '10.0.0.1'), 5n],
    ['two addresses of a link', pool('10.0.0.0', '10.0.0.1', 31, '10.0.0.9'), 2n],
    ['four addresses', pool('10.0.0.0', '10.0.0.3', 30, '10.0.0.1'), 1n],
    ['IPv6, whose last address is one as others', pool('fd00::', 'fd00::ff', 120, 'fd00::1'), 254n],
  ] as const) {
    t.equal(rangeOf(of).size, size, what);
    const given = new Set<string>();
    for (let next = findFreeAddress(of, free); next !== undefined && !given.has(next);) {
      given.add(next);
      next = findFreeAddress(of, (address) => given.has(address));
    }
    t.equal(BigInt(given.size), size, `${what}: as many are given out`);
  }
});

t.test('an address counts for a pool only when the pool gives it out', async (t) => {
  const range = rangeOf(pool('10.0.0.0', '10.0.0.255', 24, '10.0.0.1'));
  t.equal(valueIn(range, '10.0.0.2'), 0x0a000002n);
  for (const none of ['10.0.0.0', '10.0.0.1', '10.0.0.255', '10.0.1.2', '9.255.255.255', 'fd00::2', 'text'])
    t.equal(valueIn(range, none), undefined, none);
});

t.test('a search begins where it is told to, and goes round once', async (t) => {
  const range = { first: 10n, last: 12n };
  const taken =
    (...values: bigint[]) =>
    (value: bigint): boolean =>
      values.includes(value);
  for (const [start, isTaken, found] of [
    [10n, taken(), 10n],
    [11n, taken(), 11n],
    [12n, taken(), 12n],
    [9n, taken(), 10n],
    [13n, taken(), 10n],
    [11n, taken(11n), 12n],
    [12n, taken(12n), 10n],
    [12n, taken(10n, 12n), 11n],
    [11n, taken(10n, 11n, 12n), undefined],
  ] as const)
    t.equal(firstFree(range, start, isTaken), found);
});

t.test('the family of a pool is that of its addresses', async (t) => {
  t.equal(familyOf(pool('10.0.0.2', '10.0.0.9', 24, '10.0.0.1')), 4);
  t.equal(familyOf(pool('fd00::2', 'fd00::9', 64, 'fd00::1')), 6);
});

t.test('the use of a supply counts each of its units once', async (t) => {
  const pools = [
    { ...pool('10.0.0.2', '10.0.0.9', 24, '10.0.0.1'), name: 'a' },
    { ...pool('fd00::2', 'fd00::9', 64, 'fd00::1'), name: 'b' },
  ];
  t.same(usesOfAddresses(pools, new Set(['10.0.0.2', '10.0.0.3', 'fd00::5', '192.0.2.1'])), [
    { pool: 'a', used: 2, total: 8 },
    { pool: 'b', used: 1, total: 8 },
  ]);
  t.same(useOfNumbers({ first: 10, last: 12 }, new Set([9, 10, 12, 13])), {
    ...{ pool: 'vmids', used: 2, total: 3 },
  });
});
