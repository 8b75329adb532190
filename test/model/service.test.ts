import t from 'tap';
import {
  guestHostname,
  guestOf,
  ID_PATTERN,
  isHeld,
  keyOf,
  LIFECYCLES,
  markOf,
  mayBecome,
  siteOf,
  withGuest,
  withSite,
} from '../../src/model/service.js';
import { isReleased, RELEASED } from '../../src/model/guest.js';
import { domainsOf } from '../../src/model/site.js';
import { isHolding } from '../../src/model/reservation.js';
import { publicRecords } from '../../src/model/public-records.js';
import { isPermission, PANEL_PERMISSIONS } from '../../src/model/permissions.js';
import { aService } from '../fakes/samples.js';

const bare = aService({ guest: null, site: null });

t.test('which lifecycle may follow which', async (t) => {
  const follow = Object.fromEntries(
    LIFECYCLES.map((from) => [from, LIFECYCLES.filter((to) => to !== from && mayBecome(from, to))]),
  );
  t.same(follow, {
    creating: ['active', 'suspended', 'terminated', 'failed'],
    active: ['suspended', 'terminated', 'failed'],
    suspended: ['active', 'terminated', 'failed'],
    terminated: ['creating', 'active', 'suspended'],
    failed: ['creating', 'active', 'terminated'],
  });
  for (const one of LIFECYCLES) t.ok(mayBecome(one, one), one);
});

t.test('a deleted service is held as long as its container has a number', async (t) => {
  const deletion = { requestedAt: '', purgeAt: '' };
  const held = aService({ lifecycle: 'terminated', deletion });
  t.ok(isHeld(held));
  t.notOk(isHeld({ ...held, lifecycle: 'active' }));
  t.notOk(isHeld({ ...held, deletion: null }));
  t.notOk(isHeld({ ...held, guest: null }));
  t.notOk(isHeld(aService({ lifecycle: 'terminated', deletion, vmid: null })));
});

t.test('a guest is released when neither number nor address is claimed', async (t) => {
  t.ok(isReleased(null));
  t.ok(isReleased(aService({ vmid: null, addresses: [] }).guest));
  t.notOk(isReleased(aService({ addresses: [] }).guest));
  t.notOk(isReleased(aService({ vmid: null }).guest));
  t.match(withGuest(aService(), RELEASED).guest, { vmid: null, node: null, addresses: [], snapshots: [] });
});

t.test('what a service has no part for is refused, and changes of it change nothing', async (t) => {
  t.throws(() => guestOf(bare), { code: 'not_supported', message: /no container/ });
  t.throws(() => siteOf(bare), { code: 'not_supported', message: /no website/ });
  t.equal(withGuest(bare, { vmid: 5 }), bare);
  t.equal(withSite(bare, { proxyEnabled: false }), bare);
  t.match(withGuest(aService(), { node: 'pve1' }).guest, { vmid: 1000, node: 'pve1' });
  t.match(withSite(aService(), { proxyEnabled: false }).site, { subdomain: 'anna', proxyEnabled: false });
  t.same(domainsOf(bare), []);
  t.equal(guestOf(aService()).vmid, 1000);
  t.equal(siteOf(aService()).subdomain, 'anna');
});

t.test("a guest's host name is the site's, or one legal label of panel and id", async (t) => {
  t.equal(guestHostname(aService()), 'anna');
  for (const [panel, id, name] of [
    ['default', '12', 'default-12'],
    ['Main.Panel', 'A__7', 'main-panel-a-7'],
    ['x'.repeat(60), 'y'.repeat(60), `${'x'.repeat(60)}-yy`],
    ['x'.repeat(62), 'y', 'x'.repeat(62)],
    ['_', '_', 'guest'],
  ] as const)
    t.equal(guestHostname({ site: null, panel, id }), name);
});

t.test('a service is known by its panel and id, and its objects by their mark', async (t) => {
  t.equal(keyOf({ panel: 'default', id: '7' }), 'default/7');
  t.same(markOf('agent', aService({ generation: 3 })), {
    ...{ agent: 'agent', panel: 'default', service: '12', generation: 3 },
  });
  for (const id of ['a', '_a', '1.b-c', 'x'.repeat(64)]) t.match(id, ID_PATTERN);
  for (const id of ['', '.a', '-a', 'a b', 'a/b', 'x'.repeat(65)]) t.notMatch(id, ID_PATTERN);
});

t.test('a reservation holds something until the instant of its end', async (t) => {
  const end = Date.parse('2026-01-01T00:00:00Z');
  t.ok(isHolding({ expiresAt: '2026-01-01T00:00:00Z' }, end - 1));
  t.notOk(isHolding({ expiresAt: '2026-01-01T00:00:00Z' }, end));
});

t.test('a site has a record for each family of its public addresses', async (t) => {
  const { order } = aService();
  t.same(publicRecords({ order: { ...order, publicIps: ['203.0.113.1', '2001:db8::1', '203.0.113.2'] } }), [
    { type: 'A', values: ['203.0.113.1', '203.0.113.2'] },
    { type: 'AAAA', values: ['2001:db8::1'] },
  ]);
  t.same(publicRecords(aService())[1], { type: 'AAAA', values: [] });
});

t.test('a panel may do all but what is for operators', async (t) => {
  t.same(PANEL_PERMISSIONS, ['sites:write', 'sites:read', 'backups:write', 'domains:write', 'jobs:read']);
  t.ok(isPermission('admin'));
  t.notOk(isPermission('root'));
});
