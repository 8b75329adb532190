/**
 * The life of a customer's zone, as the panel's DNS extension and a resolver see it; the same for every name server
 * behind the agent.
 */
import { Resolver } from 'node:dns/promises';
import type { Test } from 'tap';
import { fields } from '../http/harness.js';
import type { Answer, Fields, House } from './harness.js';

const ZONE = 'example.org';
/** As opendkim-genkey prints it, behind the name and the type. */
const GENKEY =
  '( "v=DKIM1; k=rsa; "\n\t  "p=MIIBIjANBgkq"\n\t  "hkiG9w0B" )  ; ----- DKIM key s1 for example.org\n';
const list = (value: unknown): Fields[] => Object.values(fields(value)).map(fields);

export async function zonesSeenBy({ post }: Pick<House, 'post'>, userId: string | number): Promise<Fields[]> {
  return list((await post('/customdomain/getdata', { user_id: userId })).body['zones']);
}

export async function recordsOf(
  house: Pick<House, 'post'>,
  userId: string | number,
  zone = ZONE,
): Promise<Fields[]> {
  const found = (await zonesSeenBy(house, userId)).find((one) => one['zone'] === zone);
  return list(found?.['records']);
}

/** @param port where the name server behind the agent answers, on 127.0.0.1 */
export async function customerZone(t: Test, house: House, port: number): Promise<void> {
  const { post } = house;
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${port}`]);
  const zone = { user_id: 77, domain: ZONE };
  const add = (record: object): Promise<Answer> =>
    post('/customdomain/add/record', { zone: ZONE, ttl: 60, ...record });
  const drop = (id: unknown): Promise<Answer> =>
    post('/customdomain/delete/record', { zone_id: ZONE, rc_id: id });

  await t.test('a zone is made where it is delegated to us, and nowhere else', async (t) => {
    t.match(await post('/customdomain/add/zone', zone), {
      status: 400,
      body: {
        code: 'zone_not_here',
        error: 'example.org must have the name servers ns1.sandbox.test, but has none.',
      },
    });
    await house.dns(ZONE, 'NS', ['ns1.sandbox.test.', 'ns1.other.test.']);
    t.match((await post('/customdomain/add/zone', zone)).body, {
      error: /but has ns1\.(sandbox|other)\.test and ns1\.(sandbox|other)\.test\.$/,
    });
    await house.dns(ZONE, 'NS', ['ns1.sandbox.test.']);
    t.match(await post('/customdomain/add/zone', zone), {
      status: 200,
      body: { success: true, zone_id: ZONE, zone: ZONE, name_servers: ['ns1.sandbox.test'], delegated: true },
    });
    t.match(await post('/customdomain/add/zone', zone), { status: 409, body: { code: 'zone_exists' } });
    t.match(await resolver.resolveNs(ZONE), ['ns1.sandbox.test']);
  });

  await t.test('before its delegation a TXT record at its present name servers proves it', async (t) => {
    const domain = 'later.org';
    const ask = (user: number): Promise<Answer> => post('/customdomain/add/zone', { user_id: user, domain });
    const valueOf = ({ body }: Answer): string =>
      /with a TXT record _innkeeper-challenge\.later\.org with the value (\w{32}) at its current/.exec(
        String(body['error']),
      )?.[1] ?? '';
    await house.dns('ns.old.org', 'A', ['127.0.0.1']);
    await house.dns(domain, 'NS', ['ns.old.org.']);
    const first = await ask(77);
    t.match(first, { status: 400, body: { code: 'zone_not_here', error: /but has ns\.old\.org\.$/ } });
    const value = valueOf(first);
    t.equal(value.length, 32);
    t.equal(valueOf(await ask(77)), value, 'it stays the same');
    const another = valueOf(await ask(78));
    t.not(another, value, 'and is another one for each user');
    await house.dns(`_innkeeper-challenge.${domain}`, 'TXT', [`"${another}"`]);
    t.match(
      await ask(77),
      { status: 400, body: { code: 'zone_not_here' } },
      'the proof of another user is none',
    );
    await house.dns(`_innkeeper-challenge.${domain}`, 'TXT', ['"v=other"', `"${value}"`]);
    t.match(await ask(77), { status: 200, body: { zone: domain, delegated: false } });
    const seen = async () => (await zonesSeenBy(house, 77)).find(({ zone }) => zone === domain);
    t.match(await seen(), { state: 'ready', delegated: false });
    const record = { zone: domain, type: 'A', name: 'x', ip: '198.51.100.1' };
    t.match(await post('/customdomain/add/record', record), { status: 200 });
    await house.restart();
    t.match(await seen(), { delegated: false });
    await house.dns(domain, 'NS', ['ns1.sandbox.test.']);
    t.match(await seen(), { state: 'ready', delegated: true });
    await house.dns(domain, 'NS', ['ns.old.org.']);
    t.match(await seen(), { delegated: true }, 'that is not looked up again');
    t.match(
      (await zonesSeenBy(house, 77)).find(({ zone }) => zone === ZONE),
      { delegated: true },
    );
    t.match(await post('/customdomain/delete/zone', { domain }), { status: 200 });
  });

  await t.test('nobody else sees it, or gets what is above or below it', async (t) => {
    const other = house.staging;
    t.same(await zonesSeenBy(other, 77), []);
    t.same(await zonesSeenBy(house, 78), []);
    const record = { zone: ZONE, type: 'A', name: 'x', ip: '198.51.100.1' };
    t.match(await other.post('/customdomain/add/record', record), {
      status: 404,
      body: { code: 'zone_not_found' },
    });
    t.match(await other.post('/customdomain/delete/zone', { domain: ZONE }), { status: 404 });
    await house.dns('shop.example.org', 'NS', ['ns1.sandbox.test.']);
    for (const [domain, code] of [
      [ZONE, 'zone_exists'],
      ['shop.example.org', 'domain_taken'],
    ] as const) {
      t.match(await post('/customdomain/add/zone', { user_id: 78, domain }), { status: 409, body: { code } });
      t.match(await other.post('/customdomain/add/zone', { user_id: 77, domain }), {
        status: 409,
        body: { code },
      });
    }
    await house.dns('deep.example.net', 'NS', ['ns1.sandbox.test.']);
    await house.dns('example.net', 'NS', ['ns1.sandbox.test.']);
    t.match(await post('/customdomain/add/zone', { user_id: 78, domain: 'deep.example.net' }), {
      status: 200,
    });
    t.match(await post('/customdomain/add/zone', { user_id: 77, domain: 'example.net' }), {
      status: 409,
      body: { error: 'example.net is above deep.example.net, which belongs to another customer.' },
    });
    for (const domain of ['sandbox.test', 'a.sandbox.test', 'org', 'co.uk', '10.0.0.1', 'a b.example'])
      t.match(
        await post('/customdomain/add/zone', { user_id: 77, domain }),
        { status: 400, body: { code: 'domain_invalid' } },
        domain,
      );
  });

  await t.test('records of every type are added, shown and served', async (t) => {
    const good: [object, object][] = [
      [
        { type: 'A', name: '@', ip: 'proxysrv' },
        { name: ZONE, ip: 'PROXYSRV', ttl: 60 },
      ],
      [{ type: 'A', name: 'two', ip: '198.51.100.1' }, { name: 'two.example.org' }],
      [{ type: 'A', name: 'two', ip: '198.51.100.2', ttl: '120' }, { ttl: 120 }],
      [{ type: 'AAAA', name: 'two.example.org', ip: '2001:DB8::1' }, { ip: '2001:db8::1' }],
      [{ type: 'CNAME', name: 'www', target: 'Example.org.' }, { target: ZONE }],
      [
        { type: 'MX', name: '', exchange: 'mail.example.net.', priority: '5' },
        { exchange: 'mail.example.net', priority: 5 },
      ],
      // panels in PHP send null for an empty field
      [
        { type: 'MX', name: null, exchange: 'mail.example.net.', priority: 20 },
        { priority: 20, name: ZONE },
      ],
      [{ type: 'TXT', name: '_dmarc', txt: 'v=DMARC1; p=none\\; x\n' }, { txt: 'v=DMARC1; p=none; x' }],
      [{ type: 'TXT', name: 'mixed', txt: '"a ""\\"b\\"" "\\195\\188"' }, { txt: '"a \\"b\\"\\195\\188"' }],
      [
        { type: 'TXT', name: 's1._domainkey', txt: GENKEY },
        { txt: 'v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0B' },
      ],
      [{ type: 'TXT', name: '@', txt: '"v=spf1 " "-all"' }, { txt: 'v=spf1 -all' }],
      [{ type: 'TXT', name: 'long', txt: 'x'.repeat(600) }, { txt: 'x'.repeat(600) }],
      [{ type: 'NS', name: 'sub', ns: 'ns.example.net' }, { ns: 'ns.example.net' }],
      [
        { type: 'MX', name: 'nomail', exchange: '.' },
        { exchange: '.', priority: 0 },
      ],
      [
        { type: 'MX', name: 'here', exchange: '@' },
        { exchange: ZONE, priority: 10 },
      ],
      [{ type: 'A', name: 'abs.example.org.', ip: '198.51.100.9' }, { name: 'abs.example.org' }],
      [
        { type: 'CNAME', name: 'dotted.EXAMPLE.org', target: 'two.example.org.' },
        { target: 'two.example.org' },
      ],
      [{ type: 'a', name: '*.wild', ip: '198.51.100.3' }, { name: '*.wild.example.org' }],
      [
        { type: 'CNAME', name: 'straße', target: 'müller.example' },
        { name: 'xn--strae-oqa.example.org', target: 'xn--mller-kva.example' },
      ],
      [{ type: 'A', name: 'lan', ip: '192.168.7.7' }, { ip: '192.168.7.7' }],
    ];
    for (const [record, shown] of good)
      t.match(
        await add(record),
        { status: 200, body: { record: { rc_id: /^[0-9a-f]{24}$/, ...shown } } },
        JSON.stringify(record).slice(0, 90),
      );
    t.same(await resolver.resolve4(ZONE), ['203.0.113.10']);
    t.same(
      (await resolver.resolve4('two.example.org', { ttl: true })).map(({ ttl }) => ttl),
      [120, 120],
    );
    t.same(await resolver.resolve4('any.wild.example.org'), ['198.51.100.3']);
    t.same(await resolver.resolveTxt(ZONE), [['v=spf1 -all']]);
    t.same(
      (await resolver.resolveTxt('long.example.org')).map((parts) => parts.join('')),
      ['x'.repeat(600)],
    );
    const mixed = (await resolver.resolveTxt('mixed.example.org')).flat().join('');
    // the resolver takes every byte for a letter
    t.equal(Buffer.from(mixed, 'latin1').toString('utf8'), 'a "b"ü');
    t.same(await resolver.resolveMx('nomail.example.org'), [{ exchange: '', priority: 0 }]);
    t.same((await resolver.resolveMx(ZONE)).map(({ priority }) => priority).sort(), [20, 5]);
    t.equal((await recordsOf(house, '77')).length, good.length + 1, 'and the zone has its name server');
  });

  await t.test('what cannot stand there is refused with a sentence, and changes nothing', async (t) => {
    const before = await recordsOf(house, 77);
    const bad: [object, string, number][] = [
      [{ type: 'A', name: 'two', ip: '198.51.100.1' }, 'record_exists', 409],
      [{ type: 'A', name: '@', ip: '203.0.113.10' }, 'record_exists', 409],
      [{ type: 'A', name: 'www', ip: '198.51.100.1' }, 'record_exists', 409],
      [{ type: 'CNAME', name: 'www', target: 'other.example' }, 'record_exists', 409],
      [{ type: 'CNAME', name: 'two', target: 'example.net' }, 'record_exists', 409],
      [{ type: 'CNAME', name: '@', target: 'example.net' }, 'record_invalid', 400],
      [{ type: 'CNAME', name: 'me', target: 'me.example.org' }, 'record_invalid', 400],
      [{ type: 'CNAME', name: 'x' }, 'record_invalid', 400],
      [{ type: 'NS', name: '@', ns: 'ns.example.net' }, 'record_invalid', 400],
      [{ type: 'NS', name: '*', ns: 'ns.example.net' }, 'record_invalid', 400],
      [{ type: 'A', name: 'x', ip: '2001:db8::1' }, 'record_invalid', 400],
      [{ type: 'A', name: 'x', ip: '127.0.0.1' }, 'record_invalid', 400],
      [{ type: 'A', name: 'x', ip: '169.254.169.254' }, 'record_invalid', 400],
      [{ type: 'A', name: 'x', ip: '10.77.1.20' }, 'record_invalid', 400],
      [{ type: 'A', name: 'x', ip: '198.51.100' }, 'record_invalid', 400],
      [{ type: 'AAAA', name: 'x', ip: 'PROXYSRV' }, 'record_invalid', 400],
      [{ type: 'AAAA', name: 'x', ip: 'fe80::1' }, 'record_invalid', 400],
      [{ type: 'SRV', name: 'x' }, 'record_invalid', 400],
      [{ type: 'MX', name: 'x', exchange: 'no' }, 'record_invalid', 400],
      [{ type: 'MX', name: 'x', exchange: '198.51.100.1' }, 'record_invalid', 400],
      [{ type: 'MX', name: 'x', exchange: 'mail.example.net', priority: 70_000 }, 'record_invalid', 400],
      [{ type: 'TXT', name: 'x', txt: 'two\nlines' }, 'record_invalid', 400],
      [{ type: 'TXT', name: 'x', txt: '' }, 'record_invalid', 400],
      [{ type: 'TXT', name: 'x', txt: 'ü'.repeat(2001) }, 'record_invalid', 400],
      [{ type: 'A', name: 'x', ip: '198.51.100.1', ttl: 1 }, 'record_invalid', 400],
      [{ type: 'A', name: 'x', ip: '198.51.100.1', ttl: 604_801 }, 'record_invalid', 400],
      [{ type: 'A', name: 'x', ip: '198.51.100.1', ttl: 'soon' }, 'invalid_request', 400],
      [{ type: 'A', name: 'a b', ip: '198.51.100.1' }, 'record_invalid', 400],
      [{ type: 'A', name: 'x.*', ip: '198.51.100.1' }, 'record_invalid', 400],
      [{ type: 'A', name: 'a..b', ip: '198.51.100.1' }, 'record_invalid', 400],
      [{ type: 'A', name: 'y'.repeat(64), ip: '198.51.100.1' }, 'record_invalid', 400],
      [{ type: 'TXT', name: 'x', txt: 'v=DMARC1; p="none"' }, 'record_invalid', 400],
      [{ type: 'TXT', name: 'x', txt: '( "open"' }, 'record_invalid', 400],
      [{ type: 'A', name: 'www.example.net.', ip: '198.51.100.1' }, 'record_invalid', 400],
      [{ type: 'A', name: 'org.', ip: '198.51.100.1' }, 'record_invalid', 400],
      [{ type: 'MX', name: 'y', exchange: '.', priority: 10 }, 'record_invalid', 400],
      [{ type: 'MX', name: 'nomail', exchange: 'mail.example.net' }, 'record_exists', 409],
      [{ type: 'MX', name: 'here', exchange: '.' }, 'record_exists', 409],
      [{ type: 'CNAME', name: 'y', target: '.' }, 'record_invalid', 400],
      [{ type: 'NS', name: 'y', ns: '.' }, 'record_invalid', 400],
      [{ zone: 'nobody.example', type: 'A', name: 'x', ip: '198.51.100.1' }, 'zone_not_found', 404],
    ];
    for (const [record, code, status] of bad)
      t.match(
        await add(record),
        { status, body: { code, error: /\w/ } },
        JSON.stringify(record).slice(0, 90),
      );
    t.same(await recordsOf(house, 77), before);
  });

  await t.test('records keep their ids across a restart, and are deleted by them', async (t) => {
    const before = await recordsOf(house, 77);
    await house.restart();
    t.same(await recordsOf(house, 77), before);
    const idOf = (part: object): unknown =>
      before.find((one) => Object.entries(part).every(([key, value]) => one[key] === value))?.['rc_id'];
    t.match(await drop(idOf({ ip: '198.51.100.1' })), { status: 200 });
    t.match(await drop(idOf({ ip: '198.51.100.1' })), { status: 200 }, 'again is no error');
    t.match(await drop('0123456789abcdef01234567'), { status: 404, body: { code: 'record_not_found' } });
    t.match(await drop(idOf({ ip: 'PROXYSRV' })), { status: 200 });
    t.match(await drop(idOf({ ns: 'ns1.sandbox.test' })), { status: 400, body: { code: 'record_invalid' } });
    await t.rejects(resolver.resolve4(ZONE), { code: 'ENODATA' });
    t.same(await resolver.resolve4('two.example.org'), ['198.51.100.2'], 'its fellow stays');
    t.equal((await recordsOf(house, 77)).length, before.length - 2);
  });

  await t.test('a deleted zone is gone, may be deleted again, and made again by somebody else', async (t) => {
    t.match(await post('/customdomain/delete/zone', { domain: 'Example.org.' }), { status: 200 });
    t.match(await post('/customdomain/delete/zone', { domain: ZONE }), { status: 200 });
    t.match(await post('/customdomain/delete/zone', { domain: 'never.example' }), { status: 404 });
    t.same(await zonesSeenBy(house, 77), []);
    t.match(await add({ type: 'A', name: 'x', ip: '198.51.100.1' }), { status: 404 });
    t.match(await post('/customdomain/add/zone', { ...zone, user_id: '78' }), { status: 200 });
    t.equal((await recordsOf(house, 78)).length, 1, 'with nothing of what stood there');
  });
}

/** What others did at the name server itself. `api`: its HTTP API, paths below the server. */
export async function recordsOfOthers(
  t: Test,
  house: House,
  api: (method: string, path: string, body?: object) => Promise<Response>,
): Promise<void> {
  await house.dns(ZONE, 'NS', ['ns1.sandbox.test.']);
  t.match(await house.post('/customdomain/add/zone', { user_id: 77, domain: ZONE }), { status: 200 });
  const path = `/zones/${ZONE}.`;
  const put = async (name: string, type: string, records: object[], more = {}): Promise<void> => {
    const rrset = { name: `${name}.${ZONE}.`, type, ttl: 600, changetype: 'REPLACE', records, ...more };
    const answer = await api('PATCH', path, { rrsets: [rrset] });
    t.equal(answer.status, 204, `${name} ${type}: ${await answer.text()}`);
  };
  const at = async (name: string, type: string): Promise<Fields> => {
    const sets = list(fields(await (await api('GET', path)).json())['rrsets']);
    return sets.find((set) => set['name'] === `${name}.${ZONE}.` && set['type'] === type) ?? {};
  };
  const on = (content: string) => ({ content, disabled: false });
  const off = (content: string) => ({ content, disabled: true });
  const add = (record: object): Promise<Answer> =>
    house.post('/customdomain/add/record', { zone: ZONE, ...record });
  const contents = (set: Fields): Fields[] =>
    list(set['records']).sort((a, b) => (String(a['content']) < String(b['content']) ? -1 : 1));

  await t.test('adding and deleting leaves what is switched off, comments, spelling and TTL', async (t) => {
    const comments = [{ content: 'ticket 4711', account: 'ops' }];
    await put('park', 'A', [on('198.51.100.1'), off('198.51.100.2')], { comments });
    t.match(await add({ type: 'A', name: 'park', ip: '198.51.100.3' }), { body: { record: { ttl: 600 } } });
    t.match(await at('park', 'A'), { ttl: 600, comments: [{ content: 'ticket 4711' }] });
    t.match(contents(await at('park', 'A')), [on('198.51.100.1'), off('198.51.100.2'), on('198.51.100.3')]);
    for (const { rc_id: id } of (await recordsOf(house, 77)).filter(({ name }) => name === `park.${ZONE}`))
      t.match(await house.post('/customdomain/delete/record', { zone_id: ZONE, rc_id: id }), { status: 200 });
    t.match(contents(await at('park', 'A')), [off('198.51.100.2')]);
    t.match(await at('park', 'A'), { comments: [{ content: 'ticket 4711' }] });
    t.match(await add({ type: 'A', name: 'park', ip: '198.51.100.2', ttl: 90 }), { status: 200 });
    t.match(await at('park', 'A'), { ttl: 90, records: [on('198.51.100.2')] });

    await put('text', 'TXT', [on('"a" "b"'), off('"old"')]);
    t.match(await add({ type: 'TXT', name: 'text', txt: 'new' }), { status: 200 });
    t.match(contents(await at('text', 'TXT')), [on('"a" "b"'), on('"new"'), off('"old"')]);
  });

  await t.test('what excludes the new record is a conflict, also of a type that the API lacks', async (t) => {
    await put('srv', 'SRV', [on(`0 5 5060 sip.${ZONE}.`)]);
    await put('dname', 'DNAME', [on('elsewhere.example.')]);
    await put('odd', 'TYPE65280', [on('\\# 1 61')]);
    await put('parked', 'CNAME', [off('elsewhere.example.')]);
    for (const [record, words] of [
      [{ type: 'CNAME', name: 'srv', target: 'a.example' }, /already has a record of type SRV/],
      [{ type: 'CNAME', name: 'dname', target: 'a.example' }, /already has a record of type DNAME/],
      [
        { type: 'NS', name: 'dname', ns: 'ns.example.net' },
        /already has a record of type DNAME, so it cannot have NS records/,
      ],
      [{ type: 'CNAME', name: 'odd', target: 'a.example' }, /already has a record of type TYPE65280/],
      [
        { type: 'CNAME', name: 'parked', target: 'a.example' },
        /already has an alias \(CNAME\), which is disabled/,
      ],
    ] as const)
      t.match(
        await add(record),
        { status: 409, body: { code: 'record_exists', error: words } },
        String(words),
      );
    t.match(contents(await at('parked', 'CNAME')), [off('elsewhere.example.')]);
    t.match(await add({ type: 'A', name: 'srv', ip: '198.51.100.1' }), { status: 200 });
  });
}
