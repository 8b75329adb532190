/** Customers' zones in the memory world, whose DNS server can be made to misbehave. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { parse } from 'yaml';
import { fields } from '../http/harness.js';
import { customerZone, recordsOf, recordsOfOthers, zonesSeenBy } from './customer-zones.js';
import { openHouse, type House } from './harness.js';

const zone = { user_id: 77, domain: 'example.org' };
const record = { zone: 'example.org', type: 'A', name: 'x', ip: '198.51.100.1' };

const addZone = ({ post }: House) => post('/customdomain/add/zone', zone);
const addRecord = ({ post }: House) => post('/customdomain/add/record', record);

t.test('the life of a zone', async (t) => {
  const house = await openHouse(t);
  await customerZone(t, house, house.world.dns.port);
});

t.test(
  'a DNS server that misbehaves: named by its role, and the same call again finishes what was begun',
  async (t) => {
    // no circuit: each call shall meet its own fault
    const house = await openHouse(t, { config: async () => ({ circuits: { failures: 20, pause_s: 1 } }) });
    await house.dns('example.org', 'NS', ['ns1.sandbox.test.']);
    const up = await house.fault({ target: 'dns', kind: { down: true } });
    t.match(await addZone(house), { status: 502, body: { code: 'dns_unreachable', error: /DNS server/ } });
    t.match(await zonesSeenBy(house, 77), [{ zone: 'example.org', state: 'making', records: [] }]);
    t.match(await addRecord(house), { status: 404, body: { error: /has not been fully created/ } });
    t.match(await house.post('/customdomain/add/zone', { ...zone, user_id: 78 }), { status: 409 });
    await house.restart();
    await up();
    t.match(await addZone(house), { status: 200 });

    const down = await house.fault({ target: 'dns', kind: { down: true } });
    for (const path of ['getdata', 'add/record', 'delete/zone'])
      t.match(
        await house.post(`/customdomain/${path}`, { ...zone, ...record }),
        { status: 502, body: { code: 'dns_unreachable' } },
        path,
      );
    await down();

    await house.fault({ target: 'dns', method: 'PATCH', kind: { drop: 'after' }, times: 1 });
    t.match(await addRecord(house), { status: 200 }, 'an answer that was lost after the effect');
    await house.fault({ target: 'dns', method: 'PATCH', kind: { status: 500, reason: 'locked' }, times: 1 });
    const [{ rc_id: id } = {}] = (await recordsOf(house, 77)).filter(({ type }) => type === 'A');
    const drop = () => house.post('/customdomain/delete/record', { zone_id: 'example.org', rc_id: id });
    t.match(await drop(), { status: 502, body: { code: 'dns_unreachable' } });
    t.equal((await recordsOf(house, 77)).length, 2);
    t.match(await drop(), { status: 200 });
    await house.fault({ target: 'dns', method: 'PATCH', kind: { lie: true }, times: 1 });
    t.match(await addRecord(house), { status: 502, body: { code: 'dns_failed' } }, 'a lie is found out');
    t.match(await addRecord(house), { status: 200 });
    t.equal((await recordsOf(house, 77)).length, 2, 'and nothing is there twice');

    await house.fault({ target: 'dns', method: 'DELETE', kind: { drop: 'after' }, times: 1 });
    t.match(await house.post('/customdomain/delete/zone', zone), { status: 200 });
    await house.fault({ target: 'dns', method: 'POST', kind: { drop: 'after' }, times: 1 });
    t.match(await addZone(house), { status: 200 });
  },
);

t.test(
  'what is not ours at the DNS server is left alone, and what was taken from us can be asked for again',
  async (t) => {
    const house = await openHouse(t);
    await house.dns('example.org', 'NS', ['ns1.sandbox.test.']);
    const server = await dnsApi(house);
    const api = (method: string, path: string, body?: object) => server(method, `/zones${path}`, body);
    await api('POST', '', { name: 'example.org.', nameservers: ['ns1.sandbox.test.'], account: 'somebody' });
    t.match(await addZone(house), { status: 409, body: { code: 'foreign_object' } });
    t.same(await zonesSeenBy(house, 77), [], 'nothing of it is kept');
    await api('DELETE', '/example.org.');
    t.match(await addZone(house), { status: 200 });
    await addRecord(house);
    await api('DELETE', '/example.org.');
    t.match(await zonesSeenBy(house, 77), [{ state: 'missing', records: [] }]);
    t.match(await addRecord(house), { status: 404 });
    t.match(await addZone(house), { status: 200 }, 'made anew');
    await api('DELETE', '/example.org.');
    t.match(await house.post('/customdomain/delete/zone', zone), { status: 200 }, 'or let go');
  },
);

t.test('a zone that is removed and added at the same time is on record exactly when it stands', async (t) => {
  const house = await openHouse(t, { config: async () => ({ circuits: { failures: 20, pause_s: 1 } }) });
  await house.dns('example.org', 'NS', ['ns1.sandbox.test.']);
  // as long as a call takes, so that one meets the other in every part of it
  await house.fault({ target: 'dns', path: '/zones', kind: { delayMs: 30 } });
  const remove = () => house.post('/customdomain/delete/zone', zone);
  for (const gapMs of [0, 20, 45, 70, 100, 130]) {
    t.match(await addZone(house), { status: 200 });
    const [removed, added] = await Promise.all([remove(), delay(gapMs).then(() => addZone(house))]);
    t.match(removed, { status: 200 });
    const [seen] = await zonesSeenBy(house, 77);
    // added before it was removed it was there already, and is gone now
    t.same(seen?.state, added.status === 200 ? 'ready' : undefined, `${gapMs} ms apart`);
    if (added.status === 200) t.match(await remove(), { status: 200 });
    else t.match(added, { status: 409, body: { code: 'zone_exists' } });
  }
});

t.test('a zone and the sites of other customers keep out of each other', async (t) => {
  const house = await openHouse(t);
  await house.dns('example.org', 'NS', ['ns1.sandbox.test.']);
  await Promise.all([house.make('1', { user_id: '77' }), house.make('2', { user_id: '78' })]);
  t.match(await addZone(house), { status: 200 });
  for (const name of ['@', 'shop'])
    await house.post('/customdomain/add/record', { zone: 'example.org', type: 'A', name, ip: 'PROXYSRV' });
  const setDomain = (id: string, domain: string) =>
    house.settled('/action/setdomain', { service_id: id, domain });
  t.match(await setDomain('2', 'shop.example.org'), {
    status: 409,
    body: { code: 'domain_taken', error: /is in the zone example\.org, which belongs to another customer/ },
  });
  t.match((await setDomain('1', 'example.org')).body, { success: true });
  await house.post('/customdomain/delete/zone', zone);
  t.match(await house.post('/customdomain/add/zone', { ...zone, user_id: '78' }), {
    status: 409,
    body: { code: 'domain_taken', error: 'example.org belongs to another customer.' },
  });
  t.match(await addZone(house), { status: 200 });
});

t.test('a text that is not the name of the zone never touches it', async (t) => {
  const house = await openHouse(t);
  await house.dns('example.org', 'NS', ['ns1.sandbox.test.']);
  await house.make('1');
  t.match(await addZone(house), { status: 200 });
  const [{ rc_id: id } = {}] = await recordsOf(house, 77);
  const refusal = { status: 400, body: { code: /^(domain|record)_invalid$/ } };
  for (const sent of [
    'example.org/../other.example',
    'example.org/',
    'example.org?x',
    'example.org#',
    'exam\u00adple.org',
    'exam\ufe0fple.org',
    'example%2eorg',
    'example.org:53',
    'example.org..',
    '_.example.org',
  ]) {
    t.match(await house.post('/customdomain/delete/zone', { domain: sent }), refusal, sent);
    t.match(await house.post('/customdomain/add/zone', { user_id: 77, domain: sent }), refusal, sent);
    t.match(await house.post('/customdomain/add/record', { ...record, zone: sent }), refusal, sent);
    t.match(await house.post('/customdomain/delete/record', { zone_id: sent, rc_id: id }), refusal, sent);
    for (const action of ['setdomain', 'deldomain', 'setprimary'])
      t.match(
        await house.post(`/action/${action}`, { service_id: '1', domain: sent }),
        refusal,
        `${action} ${sent}`,
      );
  }
  t.match(await zonesSeenBy(house, 77), [{ zone: 'example.org', state: 'ready' }]);
  t.match(await house.post('/customdomain/delete/zone', { domain: ' Example.ORG. ' }), {
    status: 200,
    body: { zone: 'example.org' },
  });
});

t.test('where the DNS server keeps no zones the call says so', async (t) => {
  const house = await openHouse(t, { config: async () => ({ dns: { driver: 'none', ttl_s: 60 } }) });
  t.match(await addZone(house), {
    status: 409,
    body: { code: 'zones_unavailable', error: 'This agent does not manage DNS zones for customers.' },
  });
});

t.test('records of others in a customer zone', async (t) => {
  const house = await openHouse(t);
  await recordsOfOthers(t, house, await dnsApi(house));
});

t.test('what the DNS server does not take is the request, not the server', async (t) => {
  const house = await openHouse(t, { config: async () => ({ circuits: { failures: 20, pause_s: 1 } }) });
  await house.dns('example.org', 'NS', ['ns1.sandbox.test.']);
  t.match(await addZone(house), { status: 200 });
  const refuse = (reason: string) =>
    house.fault({ target: 'dns', method: 'PATCH', kind: { status: 422, reason }, times: 1 });
  await refuse('RRset x.example.org. IN A: Conflicts with pre-existing RRset');
  t.match(await addRecord(house), {
    status: 409,
    body: { code: 'record_exists', error: 'This record conflicts with another record of the same name.' },
  });
  await refuse("Record x.example.org./A '198.51.100.1': no.");
  t.match(await addRecord(house), {
    status: 400,
    body: {
      code: 'record_invalid',
      error: "The DNS server does not accept this record: Record x.example.org./A '198.51.100.1': no.",
    },
  });
  await refuse('Hosting backend does not support editing records.');
  t.match(await addRecord(house), { status: 502, body: { code: 'dns_failed' } });
  await house.fault({ target: 'dns', method: 'PATCH', kind: { status: 404, reason: 'Not Found' }, times: 1 });
  t.match(await addRecord(house), { status: 404, body: { code: 'zone_not_found' } }, 'it went meanwhile');
  t.match(await addRecord(house), { status: 200 });
});

/** The HTTP API of the world's DNS server, as its config file says; paths below the server. */
async function dnsApi({ world }: House) {
  const config = fields(parse(await readFile(world.configFile, 'utf8')));
  const powerdns = fields(fields(config['dns'])['powerdns']);
  const apiKey = (await readFile(String(fields(powerdns['api_key'])['file']), 'utf8')).trim();
  return (method: string, path: string, body?: object) =>
    fetch(`${String(powerdns['url'])}/api/v1/servers/localhost${path}`, {
      method,
      headers: { 'x-api-key': apiKey },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
}
