import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import t from 'tap';
import { canonicalAddress, findFreeAddress } from '../../src/model/address-pool.js';
import { parseEmail } from '../../src/model/email.js';
import { readHostName } from '../../src/kernel/host-name.js';
import { duration, gigabytes, megabytes, percent } from '../../src/kernel/format-units.js';
import {
  chooseSubdomain,
  isLegalLabel,
  isReserved,
  labelFrom,
  RESERVED_BY_DEFAULT,
} from '../../src/model/subdomain.js';

const none = new Set<string>();
const free = (): boolean => false;
const name = (localPart: string, taken: (label: string) => boolean = free): string | undefined =>
  chooseSubdomain({ localPart, serviceId: '77', reserved: new Set(['brand']) }, taken);

t.test('a name comes from the local part', async (t) => {
  t.equal(name('Anna'), 'anna');
  t.equal(name('anna.maria+shop'), 'anna-maria-shop');
  t.equal(name('josé_müller'), 'jose-muller');
  t.equal(name('--a--'), 'a');
  t.equal(name('x'.repeat(64)), 'x'.repeat(40));
});

t.test('what gives no name, or a reserved one, is named after the service', async (t) => {
  for (const word of ['山田', '...', 'www', 'Admin', 'ns1', 'mail2', 'pve-3', 'brand']) {
    t.equal(name(word), 'site-77', word);
  }
});

t.test(
  'no word is reserved twice, and by default no site is called as if it were the operator',
  async (t) => {
    for (const word of RESERVED_BY_DEFAULT) t.notOk(isReserved(word, none), word);
    const words = `www mail smtp imap pop ftp ssh ns ns1 ns2 ns3 ns4 mx dns admin administrator root hostmaster postmaster
    webmaster abuse security noreply api app panel billing client clients account login support help status autoconfig
    autodiscover wpad localhost test staging dev static cdn proxy`;
    for (const word of words.split(/\s+/)) t.ok(isReserved(word, new Set(RESERVED_BY_DEFAULT)), word);
  },
);

t.test('a taken name gets the next free suffix', async (t) => {
  const taken = new Set(['anna', 'anna-2', 'anna-4']);
  t.equal(
    name('anna', (label) => taken.has(label)),
    'anna-3',
  );
  t.equal(
    name('anna', () => true),
    undefined,
  );
});

t.test('a chosen name is always a legal, free label that is not reserved', async () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('www', 'a', 'xn--a', 'ns-1', '-', 'ab--c'),
  );
  fc.assert(
    fc.property(word, fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/), (localPart, serviceId) => {
      const taken = new Set([labelFrom(localPart)]);
      const label = chooseSubdomain({ localPart, serviceId, reserved: none }, (wanted) => taken.has(wanted));
      return label !== undefined && isLegalLabel(label) && !isReserved(label, none) && !taken.has(label);
    }),
    { numRuns: 2000 },
  );
});

const pool = { name: 'p', first: '10.0.0.0', last: '10.0.1.255', prefix: 24, gateway: '10.0.0.1' };

t.test('a pool gives out each of its addresses once, but gateway, network and broadcast never', async (t) => {
  const given = new Set<string>();
  let last: string | undefined;
  for (;;) {
    const address = findFreeAddress(pool, (wanted) => given.has(wanted), last);
    if (address === undefined) break;
    t.notOk(given.has(address));
    given.add(address);
    last = address;
  }
  t.equal(given.size, 512 - 4 - 1);
  for (const address of ['10.0.0.0', '10.0.0.1', '10.0.0.255', '10.0.1.0', '10.0.1.255']) {
    t.notOk(given.has(address), address);
  }
});

t.test('an address just given back rests until the others were used', async (t) => {
  t.equal(findFreeAddress(pool, free, '10.0.0.9'), '10.0.0.10');
  t.equal(findFreeAddress(pool, free, '10.0.1.254'), '10.0.0.2', 'round once');
  t.equal(
    findFreeAddress(pool, (wanted) => wanted !== '10.0.0.7', '10.0.0.9'),
    '10.0.0.7',
  );
});

t.test('addresses of huge IPv6 pools are written the one way', async (t) => {
  const six = { name: 's', first: 'FD00:0::', last: 'fd00::ffff:ffff:ffff', prefix: 64, gateway: 'fd00::1' };
  t.equal(findFreeAddress(six, free), 'fd00::2');
  t.equal(findFreeAddress(six, free, 'fd00::ff'), 'fd00::100');
});

t.test('what a pool gives out lies within it', async () => {
  const small = fc.integer({ min: 0, max: 300 });
  fc.assert(
    fc.property(
      small,
      small,
      small,
      fc.constantFrom(4, 6),
      fc.integer({ min: 16, max: 32 }),
      (a, b, gap, family, prefix) => {
        const base = family === 4 ? [10, 0, 0, 0] : [253, ...Array.from({ length: 15 }, () => 0)];
        const at = (offset: number): string =>
          ipaddr.fromByteArray([...base.slice(0, -2), offset >> 8, offset & 255]).toString();
        const range = { name: 'r', first: at(a), last: at(a + b), prefix, gateway: at(gap) };
        const found = findFreeAddress(range, (wanted) => wanted === at(a));
        if (found === undefined) return true;
        const [high = 0, low = 0] = ipaddr.parse(found).toByteArray().slice(-2);
        const offset = high * 256 + low;
        return offset > a && offset <= a + b && offset !== gap && canonicalAddress(found) === found;
      },
    ),
  );
});

t.test('only whole addresses count', async (t) => {
  t.equal(canonicalAddress('203.0.113.10'), '203.0.113.10');
  t.equal(canonicalAddress('2001:DB8::0:1'), '2001:db8::1');
  for (const text of [
    '10.1',
    '0x7f.0.0.1',
    '010.0.0.1',
    '1',
    '',
    '10.0.0.256',
    'fe80::1%eth0',
    '10.0.0.1/24',
    'x',
  ]) {
    t.equal(canonicalAddress(text), undefined, text);
  }
});

t.test('e-mail addresses are told from other text', async (t) => {
  t.same(parseEmail('Anna@Example.COM'), {
    localPart: 'Anna',
    domain: 'example.com',
    address: 'Anna@example.com',
  });
  t.equal(parseEmail('anna@bücher.example')?.address, 'anna@xn--bcher-kva.example');
  t.equal(parseEmail("o'brien+tag@mail.example.co.uk")?.localPart, "o'brien+tag");
  const wrong = [
    '',
    '@',
    'anna',
    '@example.com',
    'anna@',
    'anna@localhost',
    'a b@example.com',
    'anna@exa mple.com',
    '.a@example.com',
    'a..b@example.com',
    'a.@example.com',
    'anna@-x.com',
    'anna@x-.com',
    'anna@1.2.3.4',
    'anna@[1.2.3.4]',
    'anna@example.com\n',
    'anna\u0000@example.com',
    '"a b"@example.com',
    'anna@ex\u00adample.com',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(64)}.com`,
    `a@${'b.'.repeat(130)}com`,
    'a@b@',
    'anna@example.com/x',
    'anna@example.com:25',
    'a,b@example.com',
  ];
  for (const text of wrong) t.equal(parseEmail(text), undefined, JSON.stringify(text));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const found = parseEmail(text);
      return found === undefined || parseEmail(found.address)?.address === found.address;
    }),
  );
});

t.test('host names are folded', async (t) => {
  t.equal(readHostName('Example.COM.'), 'example.com');
  t.equal(readHostName('com'), undefined);
  t.equal(readHostName('a_b.com'), undefined);
});

t.test('figures read as panels print them', async (t) => {
  t.same(
    [percent(0.005), megabytes(512 * 1024 ** 2), gigabytes(3.1 * 1024 ** 3), gigabytes(20 * 1024 ** 3)],
    ['0.5%', '512MB', '3.1GB', '20GB'],
  );
  t.same([0, 1, 59, 60, 7200, 86_400, 432_017].map(duration), [
    '0 seconds',
    '1 second',
    '59 seconds',
    '1 minute',
    '2 hours',
    '1 day',
    '5 days',
  ]);
});
