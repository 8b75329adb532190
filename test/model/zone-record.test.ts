import t from 'tap';
import { NULL_MX, readRecord, recordId, type RecordSpec, RECORD_TYPES } from '../../src/model/zone-record.js';

const RULES = {
  ...{ zone: 'zone.example', ttlS: 300 },
  proxy: ['203.0.113.10', '203.0.113.11', '2001:db8::10'],
  closed: ['10.77.0.0/16', 'fd77::/64'],
};
const read = (spec: Partial<RecordSpec>, rules = RULES) =>
  readRecord({ type: 'A', name: 'www', ip: '198.51.100.1', ...spec }, rules);
const values = (spec: Partial<RecordSpec>) => read(spec).values;
const long = (labels: number): string => Array.from({ length: labels }, () => 'x'.repeat(59)).join('.');

t.test('each type is read from its own field', async (t) => {
  for (const [spec, record] of [
    [{ type: ' a ' }, { type: 'A', values: ['198.51.100.1'] }],
    [
      { type: 'AAAA', ip: '2001:DB8::1' },
      { type: 'AAAA', values: ['2001:db8::1'] },
    ],
    [
      { type: 'CNAME', target: 'Shop.Example.com.' },
      { type: 'CNAME', values: ['shop.example.com'] },
    ],
    [
      { type: 'CNAME', target: '@' },
      { type: 'CNAME', values: ['zone.example'] },
    ],
    [
      { type: 'MX', exchange: 'mail.example.com' },
      { type: 'MX', values: ['10 mail.example.com'] },
    ],
    [
      { type: 'TXT', txt: '"a" "b"' },
      { type: 'TXT', values: ['ab'] },
    ],
    [
      { type: 'NS', ns: 'ns1.example.com' },
      { type: 'NS', values: ['ns1.example.com'] },
    ],
  ] as const)
    t.same(read(spec), { name: 'www.zone.example', ttlS: 300, ...record });
  t.throws(() => read({ type: 'SRV' }), { code: 'record_invalid', message: /found "SRV"/ });
  t.same(RECORD_TYPES, ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'NS']);
});

t.test('a ttl is a whole number of seconds from half a minute to a week', async (t) => {
  for (const ttl of [30, 31, 604_800]) t.equal(read({ ttl }).ttlS, ttl);
  for (const ttl of [29, 604_801, 0, -1, 60.5, Number.NaN])
    t.throws(
      () => read({ ttl }),
      { code: 'record_invalid', message: /from 30 to 604800 seconds/ },
      String(ttl),
    );
});

t.test('a name is in the zone, relative or absolute, and at most 253 characters long', async (t) => {
  for (const [name, full] of [
    ['', 'zone.example'],
    [' @ ', 'zone.example'],
    ['a.b', 'a.b.zone.example'],
    ['a.zone.example', 'a.zone.example'],
    ['azone.example', 'azone.example.zone.example'],
    [long(4), `${long(4)}.zone.example`],
    [`x.${long(3)}.${'y'.repeat(58)}`, `x.${long(3)}.${'y'.repeat(58)}.zone.example`],
  ] as const)
    t.equal(read({ name }).name, full);
  const room = 253 - '.zone.example'.length - `${long(3)}.`.length;
  t.equal(read({ name: `${long(3)}.${'y'.repeat(room - 2)}.z` }).name.length, 253);
  t.throws(() => read({ name: `${long(3)}.${'y'.repeat(room - 2)}.zz` }), {
    message: /Expected a name in zone/,
  });
});

t.test('the word for the proxy stands for its addresses of the family', async (t) => {
  t.same(values({ ip: ' proxysrv ' }), ['203.0.113.10', '203.0.113.11']);
  t.same(values({ type: 'AAAA', ip: 'PROXYSRV' }), ['2001:db8::10']);
  t.throws(() => read({ type: 'AAAA', ip: 'PROXYSRV' }, { ...RULES, proxy: ['203.0.113.10'] }), {
    message: 'The proxy has no IPv6 address.',
  });
});

t.test('an address is of the family, and visitors can reach it', async (t) => {
  for (const [type, ip] of [
    ['A', '2001:db8::1'],
    ['AAAA', '198.51.100.1'],
    ['A', 'text'],
    ['A', undefined],
    ['A', '0.0.0.0'],
    ['A', '127.0.0.1'],
    ['A', '169.254.1.1'],
    ['A', '224.0.0.1'],
    ['A', '255.255.255.255'],
    ['AAAA', '::'],
    ['AAAA', '::1'],
    ['AAAA', 'fe80::1'],
    ['AAAA', 'ff02::1'],
    ['AAAA', '::ffff:198.51.100.1'],
    ['A', '10.77.3.4'],
    ['AAAA', 'fd77::5'],
  ] as const)
    t.throws(() => read({ type, ip }), { code: 'record_invalid', message: /^Expected an/ }, `${type} ${ip}`);
  for (const [type, ip] of [
    ['A', '10.78.0.1'],
    ['AAAA', 'fd77:0:0:1::5'],
  ] as const)
    t.same(values({ type, ip }), [ip]);
});

t.test('an alias is of another name, and not the zone itself', async (t) => {
  t.throws(() => read({ type: 'CNAME', name: '@', target: 'a.example.com' }), { message: /use an A record/ });
  t.throws(() => read({ type: 'CNAME', target: 'www.zone.example' }), { message: /an alias of itself/ });
  for (const target of [undefined, '', 'text', '*.example.com'])
    t.throws(() => read({ type: 'CNAME', target }), { message: /complete host name.* in target/ });
});

t.test('a mail server has a priority, and only ours is none at all', async (t) => {
  const mx = (priority: number | undefined, exchange = 'mail.example.com') =>
    values({ type: 'MX', exchange, ...(priority === undefined ? {} : { priority }) })[0];
  t.equal(mx(0), '0 mail.example.com');
  t.equal(mx(65_535), '65535 mail.example.com');
  for (const wrong of [-1, 65_536, 1.5]) t.throws(() => mx(wrong), { message: /from 0 to 65535/ });
  t.equal(mx(undefined, '@'), '10 zone.example');
  t.equal(mx(undefined, ' . '), NULL_MX);
  t.equal(mx(0, '.'), '0 .');
  t.throws(() => mx(5, '.'), { message: /found 5\.$/ });
  t.throws(() => read({ type: 'MX' }), { message: /in exchange/ });
});

t.test('a text has at most 4000 bytes', async (t) => {
  t.equal(values({ type: 'TXT', txt: 'x'.repeat(4000) })[0]?.length, 4000);
  t.throws(() => read({ type: 'TXT', txt: 'x'.repeat(4001) }), {
    message: /at most 4000 bytes.* found 4001\.$/,
  });
  t.throws(() => read({ type: 'TXT', txt: 'ü'.repeat(2001) }), { message: /found 4002\.$/ });
  t.throws(() => read({ type: 'TXT' }), { message: /RFC 1035.*/ });
});

t.test(
  'a part of the zone can be handed to other name servers, but neither itself nor a wildcard',
  async (t) => {
    const ns = 'ns1.example.com';
    t.throws(() => read({ type: 'NS', name: '@', ns }), { message: /zone\.example itself/ });
    t.throws(() => read({ type: 'NS', name: '*.a', ns }), { message: /wildcard/ });
    t.throws(() => read({ type: 'NS' }), { message: /in ns,/ });
  },
);

t.test("others' text in a refusal is clean and short", async (t) => {
  t.throws(() => read({ name: `a"\u0007${'x'.repeat(99)}.` }), {
    message: `Expected a name in zone.example, found "a??${'x'.repeat(77)}".`,
  });
});

t.test('the id of a record stays as long as the record does', async (t) => {
  const id = recordId('A', 'www.zone.example', '198.51.100.1');
  t.match(id, /^[0-9a-f]{24}$/);
  t.equal(recordId('A', 'www.zone.example', '198.51.100.1'), id);
  for (const other of [
    ['AAAA', 'www.zone.example', '198.51.100.1'],
    ['A', 'x.zone.example', '198.51.100.1'],
    ['A', 'www.zone.example', '198.51.100.2'],
  ] satisfies Parameters<typeof recordId>[])
    t.not(recordId(...other), id);
});
