import t from 'tap';
import { Secret } from '../../src/kernel/secret.js';
import { credentialsState } from '../../src/services/credentials-state.js';
import { eraseCredentials } from '../../src/services/erase-credentials.js';
import { readCredentials } from '../../src/services/read-credentials.js';
import { resetCredentials } from '../../src/services/reset-credentials.js';
import { makeLoginLink } from '../../src/services/login-link.js';
import type { Changes } from '../fakes/parts.js';
import { aGuest, aService } from '../fakes/samples.js';
import { operations, PANEL } from '../fakes/operations.js';

const WEEK_MS = 7 * 86_400_000;
/** Of the clock of the tests, and of the samples. */
const BEGIN = Date.parse('2026-01-01T00:00:00Z');
const END = '2026-01-08T00:00:00.000Z';
const site = (also: Changes = {}) =>
  aService({
    lifecycle: 'active',
    data: { admin_user: 'anna' },
    secrets: { admin_password: new Secret('s3cret') },
    ...also,
  });

t.test('a password can be read until it is acknowledged or a week old', async (t) => {
  for (const [what, also, ms, state] of [
    ['being made', { lifecycle: 'creating' }, 0, 'not_yet'],
    ['new', {}, 0, 'readable'],
    ['nearly a week old', {}, WEEK_MS - 1, 'readable'],
    ['a week old', {}, WEEK_MS, 'gone'],
    ['erased', { secrets: {} }, 0, 'gone'],
    ['acknowledged', { credentialsAcknowledgedAt: '' }, 0, 'acknowledged'],
  ] as const) {
    const service = site(also);
    t.same(
      credentialsState(service, BEGIN + ms),
      { state, expires_at: state === 'readable' ? END : null },
      what,
    );
    const { context, clock } = operations(service);
    await clock.turn(ms);
    const read = readCredentials(context, PANEL, '12', false);
    if (state === 'readable')
      t.same(await read, {
        username: 'anna',
        password: 's3cret',
        expiresAt: END,
        url: 'https://anna.sandbox.test',
      });
    else await t.rejects(read, { code: state === 'not_yet' ? 'service_busy' : 'credentials_gone' }, what);
  }
});

t.test('who acknowledges it reads it for the last time', async (t) => {
  const { context, service, memory } = operations(site({ site: null }));
  t.match(await readCredentials(context, PANEL, '12', true), { password: 's3cret', url: null });
  t.match(await service(), { secrets: {}, credentialsAcknowledgedAt: '2026-01-01T00:00:00.000Z' });
  t.equal(memory.writes(), 1);
  await t.rejects(readCredentials(context, PANEL, '12', true), { code: 'credentials_gone' });
  t.equal(memory.writes(), 1);
  await t.rejects(readCredentials(context, { panel: 'staging' }, '12', false), { code: 'service_not_found' });
  const nameless = operations(site({ data: {} }));
  await t.rejects(readCredentials(nameless.context, PANEL, '12', false), { code: 'credentials_gone' });
});

t.test('passwords are erased when their week is over, by a clock that is trusted', async (t) => {
  const later = site({
    id: '13',
    vmid: 1001,
    activeAt: '2026-01-03T00:00:00.000Z',
    subdomain: 'b',
    addresses: [],
  });
  const latest = site({
    id: '14',
    vmid: 1002,
    activeAt: '2026-01-04T00:00:00.000Z',
    subdomain: 'c',
    addresses: [],
  });
  const none = site({ id: '15', vmid: 1003, secrets: {}, subdomain: 'd', addresses: [] });
  const { context, clock, service, memory } = operations(site(), later, latest, none);
  t.equal(await eraseCredentials(context), BEGIN + WEEK_MS, 'the next is due then');
  await clock.turn(WEEK_MS - 1);
  await eraseCredentials(context);
  t.equal(memory.writes(), 0);
  await clock.turn(1);
  clock.isTrusted = false;
  t.equal(await eraseCredentials(context), undefined);
  t.equal(memory.writes(), 0);
  clock.isTrusted = true;
  t.equal(await eraseCredentials(context), Date.parse('2026-01-10T00:00:00Z'));
  t.match(await service(), { secrets: {}, updatedAt: END, credentialsAcknowledgedAt: null });
  t.equal(memory.writes(), 1);
});

t.test('a reset and a link need a site that runs', async (t) => {
  const of = operations(site());
  const declared = { ...of.product.sold.declared, loginPath: '/in/{id}?token={token}' };
  of.product.sold = { ...of.product.sold, declared };
  const reset = () => resetCredentials(of.context, PANEL, '12');
  const link = () => makeLoginLink(of.context, PANEL, '12');
  of.cluster.view = {
    at: of.clock.now(),
    nodes: [],
    guests: [aGuest(1000, { status: 'stopped' })],
    storages: [],
  };
  await t.rejects(reset(), { code: 'service_stopped' });
  await t.rejects(link(), { code: 'service_stopped' });
  of.cluster.view = { ...of.cluster.view, guests: [] };
  t.match(await reset(), { job: { method: 'resetPassword', interactive: true }, joined: false });
  const made = await link();
  const [, id, token] =
    /^https:\/\/anna\.sandbox\.test\/in\/([0-9a-f]{32})\?token=([\w-]{43})$/.exec(made.url) ?? [];
  t.match(made.job, { method: 'loginLink', args: { link: id }, policy: { patienceS: 30 } });
  t.match(made.job.args['sha256'], /^[0-9a-f]{64}$/);
  t.ok(token);
  t.notOk(JSON.stringify(made.job).includes(token ?? ''), 'the token is in the answer alone');
});

t.test('a product without links, and a service without a site, have none', async (t) => {
  await t.rejects(makeLoginLink(operations(site()).context, PANEL, '12'), { code: 'not_supported' });
  const of = operations(site({ site: null }));
  of.product.sold = {
    ...of.product.sold,
    declared: { ...of.product.sold.declared, loginPath: '/in/{id}?token={token}' },
  };
  await t.rejects(makeLoginLink(of.context, PANEL, '12'), { code: 'not_supported' });
});

t.test('a site that is stopped by a suspension says that it is suspended', async (t) => {
  const of = operations(site({ lifecycle: 'suspended', suspendedFor: ['billing'] }));
  of.cluster.view = {
    at: of.clock.now(),
    nodes: [],
    guests: [aGuest(1000, { status: 'stopped' })],
    storages: [],
  };
  await t.rejects(resetCredentials(of.context, PANEL, '12'), { code: 'service_suspended' });
});
