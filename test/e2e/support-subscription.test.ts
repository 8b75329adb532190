/** The shipped product `support-subscription`: keys, renewals, and the check of the support desk. */
import { randomBytes } from 'node:crypto';
import t from 'tap';
import { PANEL_PERMISSIONS } from '../../src/model/permissions.js';
import { fields } from '../http/harness.js';
import { type Answer, type Fields, type House, openHouse } from './harness.js';
import { list, withAdmin } from './operator.js';

const DESK = `ink_${randomBytes(32).toString('base64url')}`;
/** Of a panel, without the permission of the module. */
const PANEL = `ink_${randomBytes(32).toString('base64url')}`;
const CHECK = '/modules/product/support-subscription/api/check';
const UNKNOWN = { valid: false, state: 'unknown', text: 'There is no such subscription.' };

async function withSubscriptions(written: Fields): Promise<Fields> {
  const admin = await withAdmin(written);
  const api = fields(admin['api'] ?? written['api']);
  const desk = {
    ...{ name: 'desk', panel: 'default', secret: { value: DESK } },
    permissions: ['module:product/support-subscription:check'],
  };
  const panel = {
    ...{ name: 'panel', panel: 'default', secret: { value: PANEL } },
    permissions: [...PANEL_PERMISSIONS],
  };
  return {
    ...admin,
    api: { ...api, tokens: [...list(api['tokens']), desk, panel] },
    plans: [
      { name: 'basic', memory_mb: 2048, disk_gb: 20, cores: 2, domains: 3, backups: 2 },
      { name: 'support', module: 'support-subscription' },
      {
        ...{ name: 'support-yearly', module: 'support-subscription' },
        data: { level: 'premium', period_months: 12, response_hours: 4, channels: ['email', 'phone'] },
      },
    ],
  };
}

const check = (house: House, key: unknown, headers: object = {}): Promise<Answer> =>
  house.call('POST', CHECK, { key }, { authorization: `Bearer ${DESK}`, ...headers });
const dataOf = async (house: House, id: string): Promise<Fields> =>
  fields((await house.get(`/services/${id}`)).body['data']);

t.test('a subscription lives its life, and the support desk sees it', async (t) => {
  const house = await openHouse(t, { config: withSubscriptions });
  await house.make('a', { plan: 'support' });
  await house.make('b', { plan: 'support' });
  const { key, expires_at: end } = await dataOf(house, 'a');
  t.match(key, /^SUP-[A-Z2-9]{16}$/);
  t.not(key, (await dataOf(house, 'b'))['key']);
  t.equal(end, undefined, 'without a period, the subscription has no end');
  t.match(await house.status('a'), { status: 'active', vmid: null, url: null });
  t.match(await check(house, key), {
    status: 200,
    body: { valid: true, state: 'active', level: 'standard', expires_at: null, channels: ['email'] },
  });
  t.match(
    await check(house, ` ${String(key).toLowerCase()} `),
    { body: { valid: true } },
    'as people type it',
  );

  await house.settled('/suspend', { service_id: 'a' });
  t.match(await check(house, key), { body: { valid: false, state: 'suspended' } });
  t.match(await check(house, key, { 'accept-language': 'de' }), {
    body: { text: 'Der Support-Vertrag ist gesperrt.' },
  });
  await house.restart();
  await house.settled('/unsuspend', { service_id: 'a' });
  t.match(await check(house, key), { body: { valid: true, state: 'active' } });

  t.match(await house.settled('/wp/upgrade', { service_id: 'a', plan: 'support-yearly' }), { status: 200 });
  const upgraded = await dataOf(house, 'a');
  t.equal(upgraded['key'], key, 'the key stays');
  t.match(await check(house, key), {
    body: { level: 'premium', response_hours: 4, expires_at: upgraded['expires_at'] },
  });

  await house.settled('/delete-site', { service_id: 'a' });
  t.match(await check(house, key), { status: 200, body: UNKNOWN });
  await house.make('a', { plan: 'support' });
  t.not((await dataOf(house, 'a'))['key'], key, 'another life has another key');
  t.match(await check(house, key), { body: UNKNOWN });
});

t.test('a renewal is counted from the end, once for each reference', async (t) => {
  const house = await openHouse(t, { config: withSubscriptions });
  await house.make('y', { plan: 'support-yearly' });
  const yearOf = async (): Promise<number> =>
    new Date(String((await dataOf(house, 'y'))['expires_at'])).getUTCFullYear();
  const renew = (input: object) => house.post('/services/y/actions/renew', { input });
  const first = await yearOf();
  t.equal(first, new Date().getUTCFullYear() + 1);
  t.match(await renew({ reference: 'INV-1' }), { status: 200 });
  t.equal(await yearOf(), first + 1);
  t.match(await renew({ reference: 'INV-1' }), { status: 200 });
  t.equal(await yearOf(), first + 1, 'the same invoice');
  t.match(await renew({ periods: 2, reference: 'INV-2' }), { status: 200 });
  t.equal(await yearOf(), first + 3);
  t.match(await renew({ periods: 0 }), { status: 400 });
  const { key } = await dataOf(house, 'y');
  t.match(await check(house, key), { body: { expires_at: (await dataOf(house, 'y'))['expires_at'] } });
});

t.test('the check needs its permission, has a limit, and does not tell which keys exist', async (t) => {
  const house = await openHouse(t, { config: withSubscriptions });
  await house.make('a', { plan: 'support' });
  const { key } = await dataOf(house, 'a');
  t.match(await check(house, key, { authorization: `Bearer ${PANEL}` }), { status: 403 });
  t.match(await house.call('GET', '/services', undefined, { authorization: `Bearer ${DESK}` }), {
    status: 403,
  });
  for (const wrong of ['SUP-AAAAAAAAAAAAAAAA', 'no key', '', 'a'.repeat(200)])
    t.same((await check(house, wrong)).body, { ...(await check(house, 'SUP-BBBBBBBBBBBBBBBB')).body }, wrong);
  t.notMatch(house.log.join(''), String(key), 'the log does not contain keys');
  const answers = await Promise.all(Array.from({ length: 60 }, () => check(house, 'SUP-CCCCCCCCCCCCCCCC')));
  const refused = answers.find(({ status }) => status === 429);
  t.match(refused, { body: { code: 'rate_limited' } });
});
