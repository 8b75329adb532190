import t from 'tap';
import { caaAllows, type CaaRecord } from '../../src/model/caa.js';
import {
  certifiedNames,
  isBelow,
  namesAbove,
  parseDomain,
  registeredOf,
  sameOwner,
  servedNames,
  shownOf,
  slotOfName,
} from '../../src/model/domain-name.js';
import { renewFrom } from '../../src/certificates/due.js';
import { allowedFrom, forgetOld, pauseAfter } from '../../src/model/custom-domain.js';

const RULES = {
  baseDomain: 'sites.example.net',
  blocked: ['bank.example'],
  infrastructure: ['pve1.hoster.example'],
};
const parse = (text: string) => parseDomain(text, RULES);

t.test('a name is written in one way, and an apex and its www are one slot', async (t) => {
  t.same(parse(' WWW.Example.COM. '), {
    name: 'www.example.com',
    slot: 'example.com',
    registered: 'example.com',
  });
  t.match(parse('example.co.uk'), { slot: 'example.co.uk', registered: 'example.co.uk' });
  t.match(parse('www.example.co.uk'), { slot: 'example.co.uk' });
  t.match(parse('www.shop.example.com'), { slot: 'www.shop.example.com', registered: 'example.com' });
  t.match(parse('Bücher.example'), { name: 'xn--bcher-kva.example' });
  t.match(parse('someone.github.io'), { slot: 'someone.github.io', registered: 'someone.github.io' });
  t.same(namesAbove(parse('a.b.example.com')), ['b.example.com', 'example.com']);
  t.same(namesAbove(parse('www.example.com')), []);
});

t.test('every refusal says what was expected and what was found', async (t) => {
  const refusals: [string, RegExp][] = [
    ['', /found nothing/],
    ['https://example.com/', /web address "https:\/\/example.com\/"/],
    ['example.com/path', /web address/],
    ['203.0.113.10', /IP address 203.0.113.10/],
    ['[2001:db8::1]', /IP address/],
    ['2001:db8::1', /IP address/],
    ['0x7f.1', /number/],
    ['1.2.3', /number/],
    ['localhost', /at least two parts/],
    ['com', /at least two parts/],
    ['co.uk', /under which anyone can register/],
    ['github.io', /under which anyone can register/],
    ['sites.example.net', /belongs to sites.example.net/],
    ['a.b.sites.example.net', /belongs to sites.example.net/],
    ['example.net', /belongs to sites.example.net/],
    ['www.example.net', /belongs to sites.example.net/],
    ['bank.example', /cannot be used here/],
    ['my.bank.example', /cannot be used here/],
    ['pve1.hoster.example', /cannot be used here/],
    ['exa mple.com', /found "exa mple.com"/],
    ['ex_ample.com', /found/],
    ['-example.com', /found/],
    ['*.example.com', /found/],
    ['example..com', /found/],
    ['ex%61mple.com', /found/],
    ['user@example.com', /found/],
    ['example.com:80', /found/],
    [`${'a'.repeat(64)}.com`, /found/],
    [`${'a.'.repeat(130)}com`, /found/],
    ['xn--a.example', /found/],
    ['ex\u0000ample.com', /found "ex\?ample.com"/],
  ];
  for (const [text, sentence] of refusals) {
    t.throws(() => parse(text), { code: 'domain_invalid', message: sentence }, JSON.stringify(text));
    t.throws(() => parse(text), { message: /^Expected a domain/ });
  }
  t.doesNotThrow(() => parse('other.example.net'), 'beside the base domain');
});

t.test(
  'all names of a service are served, and one customer is known by panel and user or e-mail',
  async (t) => {
    const entry = {
      provenBy: 'routing' as const,
      certificate: { state: 'none' as const, expiresAt: null, problem: null },
      addedAt: '',
    };
    t.same(
      servedNames({
        fqdn: 'a.sites.example.net',
        domains: [
          { ...entry, domain: 'example.com', www: true },
          { ...entry, domain: 'shop.example.org', www: false },
        ],
      }),
      ['a.sites.example.net', 'example.com', 'www.example.com', 'shop.example.org'],
    );
    const anna = { panel: 'default', userId: '7', email: 'a@example.com' };
    t.ok(sameOwner(anna, { ...anna, email: 'new@example.com' }));
    t.notOk(sameOwner(anna, { ...anna, userId: '8' }));
    t.notOk(sameOwner(anna, { ...anna, panel: 'staging' }));
    t.ok(sameOwner({ ...anna, userId: null }, anna));
  },
);

t.test('CAA: our authority must be named, for our way of checking', async (t) => {
  const caa = (value: string, tag = 'issue', critical = false): CaaRecord => ({ critical, tag, value });
  const allows = (...records: CaaRecord[]): boolean => caaAllows(records, ['ca.test'], 'http-01');
  t.ok(allows());
  t.ok(allows(caa('CA.test')));
  t.ok(allows(caa('other.test'), caa('ca.test')));
  t.ok(allows(caa('mailto:x@example.com', 'iodef')), 'no issue at all');
  t.notOk(allows(caa('other.test')));
  t.notOk(allows(caa(';')));
  t.ok(allows(caa('ca.test; validationmethods=dns-01,http-01')));
  t.notOk(allows(caa('ca.test; validationmethods=dns-01')));
  t.ok(allows(caa(';', 'issuewild'), caa('ca.test')));
  t.notOk(allows(caa('x', 'tbs', true), caa('ca.test')), 'a critical tag that nobody knows');
});

t.test("the authority's limits, pauses and the time of renewal", async (t) => {
  const now = Date.parse('2026-03-08T00:00:00Z');
  const ago = (hours: number): string => new Date(now - hours * 3_600_000).toISOString();
  const limits = { perDomainWeek: 3, perSetWeek: 2, refusalsPerHour: 2 };
  const record = {
    schema: 1 as const,
    id: '',
    domain: 'shop.example.com',
    registered: 'example.com',
    owner: { panel: 'default', userId: null, email: 'a@example.com' },
    service: null,
    quarantineUntil: null,
    certificate: null,
    issued: [],
    refusals: [],
    failures: 0,
    nextAt: null,
    problem: null,
  };
  const names = ['shop.example.com'];
  t.equal(allowedFrom(record, names, [record], limits, now), now);
  const others = [100, 50, 10].map((hours) => ({
    ...record,
    issued: [{ at: ago(hours), names: [`n${hours}.example.com`] }],
  }));
  t.equal(allowedFrom(record, names, others, limits, now), now + 68 * 3_600_000, 'per registered domain');
  t.equal(allowedFrom({ ...record, registered: 'example.org' }, names, others, limits, now), now);
  const twice = { ...record, issued: [1, 30].map((hours) => ({ at: ago(hours), names })) };
  t.equal(allowedFrom(twice, names, [twice], limits, now), now + 138 * 3_600_000, 'per set of names');
  const refused = { ...record, refusals: [ago(0.9), ago(0.5), ago(3)] };
  t.equal(allowedFrom(refused, names, [refused], limits, now), now + 0.1 * 3_600_000, 'failures per name');
  t.same(forgetOld(refused, now).refusals.length, 2);
  t.same([1, 2, 3, 99].map(pauseAfter), [60_000, 120_000, 240_000, 43_200_000]);
  t.equal(renewFrom({ issuedAt: ago(0), expiresAt: ago(-90 * 24) }), now + 60 * 24 * 3_600_000);
});

t.test('names of one registration, and what is below what', async (t) => {
  for (const [name, above, below] of [
    ['example.com', 'example.com', true],
    ['a.example.com', 'example.com', true],
    ['badexample.com', 'example.com', false],
    ['example.com', 'a.example.com', false],
  ] as const)
    t.equal(isBelow(name, above), below, `${name} below ${above}`);
  t.equal(registeredOf('a.b.example.co.uk'), 'example.co.uk');
  t.equal(registeredOf('localhost'), 'localhost');
  t.equal(slotOfName('www.example.com'), 'example.com');
  t.equal(slotOfName('www.shop.example.com'), 'www.shop.example.com');
});

t.test('an entry that leads elsewhere for too long is not served', async (t) => {
  const entry = {
    ...{ domain: 'example.com', www: true, provenBy: 'routing' as const, addedAt: '' },
    certificate: { state: 'issued' as const, expiresAt: null, problem: null },
  };
  const served = (off: boolean): string[] =>
    servedNames({ fqdn: 'a.test', domains: [{ ...entry, stray: { since: '', problem: '', off } }] });
  t.same(served(true), ['a.test']);
  t.same(served(false), ['a.test', 'example.com', 'www.example.com']);
  t.same(certifiedNames(entry), ['example.com', 'www.example.com'], 'of an older release');
  const names = ['example.com'];
  t.same(certifiedNames({ ...entry, certificate: { ...entry.certificate, names } }), names);
  t.same(certifiedNames({ ...entry, certificate: { ...entry.certificate, names, state: 'failed' } }), []);
});

t.test('two customers without a user id are one when they have one e-mail address', async (t) => {
  const anna = { panel: 'default', userId: null, email: 'a@example.com' };
  t.ok(sameOwner(anna, { ...anna }));
  t.notOk(sameOwner(anna, { ...anna, email: 'b@example.com' }));
  t.notOk(sameOwner({ ...anna, userId: '7' }, { ...anna, email: 'b@example.com' }));
  t.ok(sameOwner(anna, { ...anna, userId: '7' }));
});

t.test('what others wrote is shown clean, and cut after 80 characters', async (t) => {
  t.equal(shownOf(' a"<b>\u0007 '), 'a??b??');
  t.equal(shownOf('x'.repeat(80)), 'x'.repeat(80));
  t.equal(shownOf('x'.repeat(81)), `${'x'.repeat(80)}...`);
});

t.test('an infrastructure name and the base domain are compared without regard to case', async (t) => {
  const rules = { baseDomain: 'Sites.Test', blocked: ['BAD.test'], infrastructure: ['Mail.Own.test'] };
  for (const name of ['a.sites.test', 'x.bad.test', 'mail.own.test'])
    t.throws(() => parseDomain(name, rules), { code: 'domain_invalid' }, name);
  t.match(parseDomain('a.mail.own.test', rules), { slot: 'a.mail.own.test' }, 'a machine is one name');
});

t.test('a last label of one letter is no domain', async (t) => {
  t.throws(() => parse('example.c'), { code: 'domain_invalid' });
  t.match(parse('example.cc'), { name: 'example.cc' });
});
