import type { SubjectKind, SubjectRef } from '../../src/jobs/engine/subject-kind.js';
/** Each thing that a date decides for good is left alone while the clock is not trusted, and done when it is. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { alertStore } from '../../src/alerts/alert-store.js';
import { changeRecord } from '../../src/certificates/certificate-records.js';
import { dueAt, LONGEST_WAIT_MS } from '../../src/certificates/due.js';
import { kindData } from '../../src/model/job-kinds.js';
import { requestAfter, requestDue, requestDomain } from '../../src/model/requested-domain.js';
import { ADMIN_PASSWORD } from '../../src/model/credentials.js';
import { domainId, type CustomDomainRecord } from '../../src/model/custom-domain.js';
import { AgentError, toRecord } from '../../src/kernel/errors.js';
import { FOR_RELEASE } from '../../src/model/job.js';
import { Secret } from '../../src/kernel/secret.js';
import { newCircuits } from '../../src/drivers/shared/circuit.js';
import { gateOf, laneOf } from '../../src/jobs/engine/lane.js';
import { afterAttempt, MAX_BACKOFF_MS } from '../../src/jobs/engine/policy.js';
import { addDomain } from '../../src/domains/add-domain.js';
import { eraseCredentials } from '../../src/services/erase-credentials.js';
import { purgeDue } from '../../src/services/purge-due.js';
import { makeIdempotencyStore } from '../../src/http/guards/idempotency-store.js';
import { rotateToken } from '../../src/tokens/rotate-token.js';
import { refuseOverlap } from '../../src/domains/zone-claims.js';
import { openState } from '../../src/state/open.js';
import { handClock } from '../fakes/clock.js';
import { aJob, aService } from '../fakes/samples.js';
import { makeRig, NOW, ORDER, type Rig } from '../http/harness.js';
import { testFolder } from '../test-folder.js';

/** A lane needs no more of it than its name. */
const KIND = { name: 'service' };
const SUBJECT: SubjectRef = { kind: KIND as SubjectKind, key: 'default/12' };

const DAY = 86_400_000;
const KEY = 'default/12345';
const iso = (ms: number): string => new Date(ms).toISOString();

async function house(t: Test): Promise<Rig> {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  return rig;
}

/** A site in its life, without an open job. */
async function site(t: Test): Promise<Rig> {
  const rig = await house(t);
  await rig.call('POST', '/create-site', ORDER);
  await rig.change(KEY, () => ({ lifecycle: 'active', activeAt: iso(NOW), jobs: [] }));
  return rig;
}

/** The wall clock jumped, nobody knows whether it is right. */
function jump({ behaviour }: Rig, ms: number): void {
  behaviour.now += ms;
  behaviour.clockTrusted = false;
}

t.test('the purge of a site that is kept', async (t) => {
  const rig = await site(t);
  const deletion = { requestedAt: iso(NOW), purgeAt: iso(NOW + 7 * DAY) };
  await rig.change(KEY, () => ({ lifecycle: 'terminated', deletion }));
  jump(rig, 8 * DAY);
  await purgeDue(rig.deps);
  t.same((await rig.state.services.get(KEY)).jobs, []);
  rig.behaviour.clockTrusted = true;
  await purgeDue(rig.deps);
  t.match((await rig.state.services.get(KEY)).jobs, [{ method: 'purge' }]);
});

t.test('the erasure of a password', async (t) => {
  const rig = await site(t);
  await rig.change(KEY, () => ({ secrets: { [ADMIN_PASSWORD]: new Secret('x') } }));
  jump(rig, 8 * DAY);
  await eraseCredentials(rig.deps);
  t.ok((await rig.state.services.get(KEY)).secrets[ADMIN_PASSWORD]);
  rig.behaviour.clockTrusted = true;
  await eraseCredentials(rig.deps);
  t.notOk((await rig.state.services.get(KEY)).secrets[ADMIN_PASSWORD]);
});

t.test('the days of the audit log and of the events', async (t) => {
  const dir = join(testFolder(t), 'state');
  const clock = handClock(NOW);
  const open = () => openState({ dir, key: Buffer.alloc(32, 1), clock });
  let state = await open();
  const write = async (id: string): Promise<void> => {
    await state.services.commit(`default/${id}`, () =>
      aService({ id, subdomain: `s${id}`, vmid: 1000 + Number(id), addresses: [] }),
    );
    const entry = { request_id: id, door: 'network', who: null, panel: null, from: null } as const;
    const call = { method: 'POST', route: '/', service_id: null, job_id: null, status: 200, code: null };
    await state.audit.add({ ...entry, ...call, at: iso(clock.now()) });
    await state.close();
  };
  const days = async (folder: string): Promise<string[]> =>
    (await readdir(join(dir, folder))).map((name) => name.slice(0, 10));
  await write('1');
  clock.isTrusted = false;
  clock.jump(400 * DAY);
  state = await open();
  const before = await state.events.read({ panel: 'default', after: undefined, limit: 10 });
  await write('2');
  for (const folder of ['audit', 'events'])
    t.same(await days(folder), ['2026-03-01'], `${folder}: nothing is erased, and no day to come begins`);
  clock.jump(-400 * DAY);
  clock.isTrusted = true;
  state = await open();
  const { events } = await state.events.read({ panel: 'default', after: before.next, limit: 10 });
  t.same(
    events.map(({ service_id: id }) => id),
    ['2'],
    'the reader of events goes on',
  );
  await state.close();
  clock.jump(400 * DAY);
  state = await open();
  await write('3');
  for (const folder of ['audit', 'events']) t.same(await days(folder), ['2027-04-05'], folder);
});

t.test('after a clock that was believed and ahead, lines still come behind those before them', async (t) => {
  const dir = join(testFolder(t), 'state');
  const clock = handClock(NOW);
  const open = () => openState({ dir, key: Buffer.alloc(32, 1), clock });
  const add = async (id: string): Promise<string | undefined> => {
    const state = await open();
    await state.services.commit(`default/${id}`, () =>
      aService({ id, subdomain: `s${id}`, vmid: 1000 + Number(id), addresses: [] }),
    );
    await state.close();
    const again = await open();
    const { next } = await again.events.read({ panel: 'default', after: undefined, limit: 10 });
    await again.close();
    return next;
  };
  clock.jump(DAY);
  const cursor = await add('1');
  clock.jump(-DAY);
  await add('2');
  const state = await open();
  const { events } = await state.events.read({ panel: 'default', after: cursor, limit: 10 });
  t.same(
    events.map(({ service_id: id }) => id),
    ['2'],
  );
  await state.close();
});

t.test('what a crash kept from the log of events, when the clock was ahead before', async (t) => {
  const dir = join(testFolder(t), 'state');
  const clock = handClock(NOW + DAY);
  const key = Buffer.alloc(32, 1);
  const order = (id: string, also = {}) =>
    aService({ id, subdomain: `s${id}`, vmid: 1000 + Number(id), addresses: [], ...also });
  let state = await openState({ dir, key, clock });
  await state.services.commit('default/1', () => order('1'));
  clock.jump(-DAY);
  await state.services.commit('default/2', () => order('2'));
  await state.close();
  const { open } = await import('node:fs/promises');
  const log = await open(join(dir, 'events', '2026-03-02.ndjson'), 'r+');
  const text = (await log.readFile('utf8')).split('\n');
  t.equal(text.length, 3);
  await log.truncate(Buffer.byteLength(`${text[0] ?? ''}\n`));
  await log.close();
  // the next life of the log begins with a line of today
  await state.close();
  state = await openState({ dir, key, clock });
  const { events } = await state.events.read({ panel: 'default', after: undefined, limit: 10 });
  t.same(
    events.map(({ service_id: id }) => id),
    ['1', '2'],
  );
  await state.close();
});

t.test('an answer that is remembered', async (t) => {
  const rig = await house(t);
  const call = {
    ...{ panel: 'default', token: 'a', key: 'k', requestId: 'r', serviceId: null, asked: {} },
  };
  const first = await makeIdempotencyStore(rig.deps).recall(call);
  if (first.kind === 'first') await first.call.answered(200, 'made');
  jump(rig, 2 * DAY);
  t.match(await makeIdempotencyStore(rig.deps).recall(call), { kind: 'answered', body: 'made' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(rig.state.remembered.list().length, 1);
  rig.behaviour.clockTrusted = true;
  t.match(await makeIdempotencyStore(rig.deps).recall(call), { kind: 'first' });
});

const record = (also: Partial<CustomDomainRecord> = {}): CustomDomainRecord => ({
  ...{ schema: 1, id: domainId('shop.example.com'), domain: 'shop.example.com', registered: 'example.com' },
  ...{ owner: { panel: 'default', userId: 'other', email: 'o@example.org' }, service: null },
  ...{ quarantineUntil: iso(NOW + DAY), certificate: null, issued: [], refusals: [], failures: 0 },
  ...{ nextAt: null, problem: null },
  ...also,
});

t.test('the quarantine of a name', async (t) => {
  const rig = await site(t);
  await rig.state.domains.commit(record().id, () => record());
  const lookup = {
    ...rig.deps.drivers.lookup,
    addresses: async () => ({ addresses: ['203.0.113.10'], aliases: [] }),
    texts: async () => [],
  };
  const context = { ...rig.deps, drivers: { ...rig.deps.drivers, lookup } };
  const add = () => addDomain(context, { panel: 'default', requestId: 'r' }, '12345', 'shop.example.com');
  jump(rig, 2 * DAY);
  await t.rejects(add(), /belonged to another customer until recently/);
  t.equal(dueAt(record(), true, context.clock), undefined, 'nor is it forgotten');
  rig.behaviour.clockTrusted = true;
  t.equal(dueAt(record(), true, context.clock), NOW + DAY);
  await add();
});

t.test('what counts for the limits of the authority', async (t) => {
  const rig = await house(t);
  const issued = [{ at: iso(NOW), names: ['shop.example.com'] }];
  await rig.state.domains.commit(record().id, () => record({ issued, refusals: [iso(NOW)] }));
  const deps = { ...rig.deps, domains: rig.state.domains, services: rig.state.services };
  jump(rig, 30 * DAY);
  const kept = await changeRecord(deps, record({ issued }), { failures: 1 });
  t.match(kept, { issued, refusals: [iso(NOW)] });
  rig.behaviour.clockTrusted = true;
  t.match(await changeRecord(deps, kept, { failures: 2 }), { issued: [], refusals: [] });
});

t.test('the domain of an order that does not lead here yet', (t) => {
  const request = requestDomain('shop.example.com', null, NOW);
  t.ok(requestAfter(request, 'not here', NOW + 40 * DAY, false));
  t.equal(requestAfter(request, 'not here', NOW + 40 * DAY, true), undefined);
  t.equal(
    requestDue(iso(NOW + DAY), NOW),
    NOW,
    'a try that is a day away was written by a clock that was ahead',
  );
  t.equal(requestDue(iso(NOW + 60_000), NOW), NOW + 60_000);
  t.end();
});

t.test('a zone that somebody else is making', async (t) => {
  const rig = await house(t);
  const zone = { schema: 1, id: domainId('example.org'), zone: 'example.org', panel: 'default' } as const;
  const made = { ...zone, userId: 'anna', createdAt: iso(NOW), making: true };
  await rig.state.zones.commit(zone.id, () => made);
  const other = { panel: 'default', userId: 'bert' };
  jump(rig, DAY);
  await t.rejects(refuseOverlap(rig.deps, other, 'example.org'), { code: 'zone_exists' });
  rig.behaviour.clockTrusted = true;
  await refuseOverlap(rig.deps, other, 'example.org');
});

t.test('an alert that is over', async (t) => {
  const dir = join(testFolder(t), 'state');
  const clock = handClock(NOW);
  const state = await openState({ dir, key: Buffer.alloc(32, 1), clock });
  const store = alertStore({ alerts: state.alerts, clock, changed: () => {} });
  const requested = {
    kind: 'drift',
    ...{ subject: 'dns', panel: null, serviceId: null, text: 'x', data: {} },
    commands: ['innkeeper reconcile --dry-run'],
  } as const;
  await store.settle('drift', [requested]);
  await store.settle('drift', []);
  clock.jump(40 * DAY);
  clock.isTrusted = false;
  await store.tidy([]);
  t.equal(store.all().length, 1);
  clock.isTrusted = true;
  await store.tidy([]);
  t.equal(store.all().length, 0);
  await state.close();
});

t.test('the former text of a token, in its overlap', async (t) => {
  const rig = await house(t);
  const [token] = rig.state.tokens.list();
  if (!token) throw new Error('no token');
  await rotateToken(rig.deps, token.id, { overlapS: 3600 });
  jump(rig, DAY);
  const { token: twice } = await rotateToken(rig.deps, token.id, { overlapS: 3600 });
  t.equal(twice.former.length, 2);
  rig.behaviour.clockTrusted = true;
  const { token: thrice } = await rotateToken(rig.deps, token.id, { overlapS: 3600 });
  t.equal(thrice.former.length, 2, 'the first one is over');
});

const down = {
  kind: 'failed',
  step: 'dns',
  error: toRecord(new AgentError('dns_unreachable', 'x')),
} as const;
const waiting = (since: number, until: number) =>
  aJob({
    status: 'waiting',
    attempts: 1,
    createdAt: iso(since),
    policy: { tries: 5, backoffS: 5, timeoutS: 60, maxExceptions: 5, patienceS: 3600 },
    waiting: { for: 'DNS', since: iso(since), until: iso(until) },
  });

t.test('the patience of a paid order', (t) => {
  const job = waiting(NOW, NOW + 60_000);
  const at = { kinds: kindData, now: NOW + DAY, random: 0 };
  t.match(afterAttempt(job, down, { ...at, clockTrusted: false }), { status: 'waiting' });
  t.match(afterAttempt(job, down, { ...at, clockTrusted: true }), { direction: 'undo' });
  t.end();
});

t.test('a wait that is longer than any pause of ours is over', (t) => {
  const clock = handClock(NOW);
  const circuits = newCircuits(clock, { failures: 1, pauseMs: 1000 });
  const gate = (until: number) =>
    gateOf(laneOf(kindData, SUBJECT, waiting(NOW + DAY, until), NOW), circuits, { now: NOW, trusted: true });
  t.equal(gate(NOW + DAY).startsAt, NOW);
  t.equal(gate(NOW + MAX_BACKOFF_MS).startsAt, NOW + MAX_BACKOFF_MS);
  const held = aJob({
    status: 'waiting',
    waiting: { for: FOR_RELEASE, since: iso(NOW), until: '9999-12-31T23:59:59.999Z' },
  });
  const release = gateOf(laneOf(kindData, SUBJECT, held, NOW), circuits, { now: NOW, trusted: true });
  t.equal(release.startsAt, Number.POSITIVE_INFINITY, 'one that waits for a person is not');
  t.equal(
    laneOf(kindData, SUBJECT, waiting(NOW + DAY, NOW), NOW).createdAt,
    '',
    'nor does it stand behind all later ones',
  );
  const again = afterAttempt(waiting(NOW + DAY, NOW), down, { kinds: kindData, now: NOW, random: 0 });
  t.equal(again.waiting?.since, iso(NOW), 'its patience counts from now');
  const late = record({ service: KEY, quarantineUntil: null, nextAt: iso(NOW + 20 * DAY) });
  t.equal(dueAt(late, true, clock), NOW);
  t.equal(dueAt({ ...late, nextAt: iso(NOW + LONGEST_WAIT_MS) }, true, clock), NOW + LONGEST_WAIT_MS);
  t.end();
});

t.test('a circuit that opened while the clock was ahead lets its probe through in time', async (t) => {
  const clock = handClock(NOW);
  const circuits = newCircuits(clock, { failures: 1, pauseMs: 5_000 });
  const circuit = circuits.of('dns', 'DNS');
  clock.jump(DAY);
  circuit.enter()?.silent();
  t.equal(circuit.retryAt(), clock.now() + 5_000);
  clock.jump(-DAY);
  t.equal(circuit.admits(), 'none');
  t.equal(circuit.retryAt(), clock.now() + 5_000);
  await clock.turn(5_000);
  t.equal(circuit.admits(), 'probe');
});
