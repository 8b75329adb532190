/**
 * Every place that reads a host name of somebody else's: what comes out is what went in, written in one way; never a
 * part of it.
 */
import { domainToUnicode } from 'node:url';
import fc from 'fast-check';
import t from 'tap';
import { parseDomain } from '../../src/model/domain-name.js';
import { parseEmail } from '../../src/model/email.js';
import { AgentError } from '../../src/kernel/errors.js';
import { readRecord, type RecordSpec } from '../../src/model/zone-record.js';
import { checkOrder } from '../../src/services/check-order.js';

const ORDER = { service_id: '1', email: 'anna@example.com', plan: 'basic', public_ip: '203.0.113.10' };
const ORDER_RULES = {
  ...{ baseDomain: 'sites.example.net', blocked: [], infrastructure: [] },
  reservedNames: new Set<string>(),
  ownNetworks: [],
};
const ZONE = { zone: 'zone.example', proxy: [], closed: [], ttlS: 300 };
const record = (spec: Partial<RecordSpec>) =>
  readRecord({ type: 'A', name: 'x', ip: '198.51.100.1', ...spec }, ZONE);

/** By what it is the name of: the name that is made of a text; throws, or undefined, when it is refused. */
const READERS: Readonly<Record<string, (sent: string) => string | undefined>> = {
  "a customer's domain": (sent) =>
    parseDomain(sent, { baseDomain: 'sites.example.net', blocked: [], infrastructure: [] }).name,
  'the domain of an order': (sent) => {
    const { domain } = checkOrder({ ...ORDER, domain: sent }, ORDER_RULES);
    // one that cannot be read is kept as text, for the customer to see
    return domain?.problem === null ? domain.name : undefined;
  },
  'the domain of an e-mail address': (sent) => parseEmail(`anna@${sent}`)?.domain,
  'the target of an alias': (sent) => record({ type: 'CNAME', target: sent }).values[0],
  'a mail server': (sent) => record({ type: 'MX', exchange: sent }).values[0]?.split(' ')[1],
  'a name server': (sent) => record({ type: 'NS', ns: sent }).values[0],
  'the name of a record': (sent) =>
    record({ name: `${sent}.zone.example` }).name.replace(/\.zone\.example$/, ''),
};

/** The name, or undefined when it is refused in a way that a caller may read. */
function read(reader: (sent: string) => string | undefined, sent: string): string | undefined {
  try {
    return reader(sent);
  } catch (error) {
    if (error instanceof AgentError && error.status === 400) return undefined;
    throw error;
  }
}

const folded = (text: string): string =>
  text.normalize('NFKC').toUpperCase().toLowerCase().replace(/ς/g, 'σ').normalize('NFKC');
/** What was sent, without blanks around it and the final dot, and with all dots alike. */
const meant = (sent: string): string => folded(sent.trim().replace(/[。．｡]/g, '.')).replace(/\.$/, '');
const said = (name: string): string =>
  folded(
    name
      .split('.')
      .map((label) => (label.startsWith('xn--') ? domainToUnicode(label) : label))
      .join('.'),
  );

const NASTY = [
  '/',
  '/../',
  '\\',
  '?',
  '#',
  ':',
  ':80',
  '@',
  '%2e',
  '%',
  '[',
  ']',
  '\t',
  '\n',
  '\r',
  '\0',
  ' ',
  '<',
  '>',
  '^',
  '|',
  ';',
  ',',
];
// what the rules for names of other scripts drop without a word
const DROPPED = [
  '\u00ad',
  '\u200b',
  '\u2060',
  '\ufeff',
  '\ufe0f',
  '\ufe00',
  '\u034f',
  '\u180b',
  '\u{e0100}',
  '\u115f',
  '\u3164',
];
// what they turn into something else
const TURNED = [
  '\u2100',
  '\uff0f',
  '\u2024',
  '\u2488',
  '\uff0e',
  '\u3002',
  '\uff61',
  '\u00df',
  '\u0130',
  '\u03a3',
  '\u212a',
  '\u00bd',
];

for (const [what, reader] of Object.entries(READERS)) {
  t.test(`${what} is never a part of what was sent`, async (t) => {
    for (const sent of [
      'a.com/../b.com',
      'a.com/',
      'a.com\\b.com',
      'a.com?b.com',
      'a.com#b.com',
      'a.com:80',
      'a.com@b.com',
      'a%2ecom',
      '[a.com]',
    ])
      t.equal(read(reader, sent), undefined, sent);
    for (const drop of DROPPED) t.equal(read(reader, `exam${drop}ple.com`), undefined, JSON.stringify(drop));
    if (!what.startsWith('the name of a record'))
      t.equal(read(reader, '0x7f.1.2.3'), undefined, 'nor an address');
    t.equal(read(reader, 'a.com..'), undefined, 'nor with more than the final dot');
    t.equal(read(reader, `${'a'.repeat(64)}.com`), undefined);
    t.equal(read(reader, `${'a.'.repeat(130)}com`), undefined);
    t.equal(read(reader, 'Bücher.Example'), 'xn--bcher-kva.example');
  });

  t.test(`${what}: whatever comes out is what went in`, async () => {
    const label = fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,6}[a-zA-Z0-9])?$/);
    const piece = fc.oneof(
      { weight: 6, arbitrary: label },
      { weight: 4, arbitrary: fc.constant('.') },
      fc.constantFrom(...NASTY),
      fc.constantFrom(...DROPPED),
      fc.constantFrom(...TURNED),
      fc.string({ unit: 'grapheme', maxLength: 2 }),
      fc.constantFrom(
        'xn--bcher-kva',
        'xn--a',
        'xn--',
        'XN--BCHER-KVA',
        'bücher',
        'ΕΛΛΆΣ',
        '_dmarc',
        '*',
        '例え',
      ),
    );
    const text = fc.oneof(
      fc.array(piece, { minLength: 1, maxLength: 7 }).map((pieces) => `${pieces.join('')}.com`),
      fc.tuple(fc.domain(), piece, fc.domain()).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
      fc.webUrl(),
      fc.ipV4(),
      fc.ipV6(),
    );
    fc.assert(
      fc.property(text, (sent) => {
        const name = read(reader, sent);
        if (name === undefined) return true;
        if (!/^(?=.{1,253}$)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]+$/.test(name))
          return false;
        return said(name) === said(meant(sent));
      }),
      { numRuns: 500 },
    );
  });
}

t.test('underscores and wildcards are for records only, and only where they mean something', async (t) => {
  t.equal(record({ type: 'TXT', name: '_dmarc', txt: 'v=DMARC1' }).name, '_dmarc.zone.example');
  t.equal(
    record({ type: 'CNAME', name: 's1._domainkey', target: 's1._domainkey.mail.example' }).values[0],
    's1._domainkey.mail.example',
  );
  t.equal(record({ name: '*' }).name, '*.zone.example');
  t.equal(record({ name: '*.shop' }).name, '*.shop.zone.example');
  for (const request of [
    { name: 'a.*' },
    { name: 'a*' },
    { type: 'MX', exchange: '_mail.example.com' },
    { type: 'NS', ns: 'ns_1.example.com' },
    { type: 'CNAME', target: '*.example.com' },
  ])
    t.throws(() => record(request), { code: 'record_invalid' }, JSON.stringify(request));
  for (const name of ['_a.com', 'a_b.com', '*.a.com']) {
    for (const what of ["a customer's domain", 'the domain of an order', 'the domain of an e-mail address'])
      t.equal(read(READERS[what] ?? String, name), undefined, `${what}: ${name}`);
  }
});

t.test('a final dot says that a name is absolute', async (t) => {
  t.equal(record({ name: 'www.zone.example.' }).name, 'www.zone.example');
  t.equal(record({ name: 'zone.example.' }).name, 'zone.example');
  t.equal(record({ name: '@' }).name, 'zone.example');
  t.equal(record({ name: 'www.other.example' }).name, 'www.other.example.zone.example');
  t.throws(() => record({ name: 'www.other.example.' }), { code: 'record_invalid' });
  t.throws(() => record({ name: '.' }), { code: 'record_invalid' });
});
