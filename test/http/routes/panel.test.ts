import t from 'tap';
import { aJob, aService } from '../../fakes/samples.js';
import { fields, makeRig, ORDER } from '../harness.js';

t.test('what a panel believes is held against what is, with the call that would mend it', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  let n = 0;
  const make = (id: string, also: object) => {
    n += 1;
    return rig.state.services.commit(`default/${id}`, () =>
      aService({ id, vmid: 500 + n, subdomain: `s${n}`, addresses: [], lifecycle: 'active', ...also }),
    );
  };
  await make('fine', {});
  await make('resting', { lifecycle: 'suspended', suspendedFor: ['billing'] });
  await make('abuser', { lifecycle: 'suspended', suspendedFor: ['abuse'] });
  await make('gone', { lifecycle: 'terminated' });
  await make('other', {});
  await rig.state.services.commit('staging/x', () =>
    aService({ id: 'x', panel: 'staging', vmid: 900, subdomain: 'x', addresses: [] }),
  );
  const writes = rig.writes();
  const sync = async (...beliefs: object[]) => (await rig.call('POST', '/panel/sync', beliefs)).body;
  const told = await sync(
    { service_id: 'fine', status: 'Active', plan: 'WordPress Basic', email: 'anna@EXAMPLE.com' },
    { service_id: 'resting', status: 'active' },
    { service_id: 'abuser', status: 'active' },
    { service_id: 'gone', status: 'active', plan: 'basic' },
    { service_id: 7, status: 'pending' },
    { service_id: 8, status: 'active', email: 'x@example.com' },
    { service_id: 'x' },
  );
  t.match(told, { success: true });
  const differences = told['differences'];
  t.same(differences, [
    {
      service_id: 'resting',
      field: 'status',
      believed: 'active',
      actual: 'suspended',
      mend: { method: 'POST', path: '/unsuspend', body: { service_id: 'resting' } },
      note: null,
    },
    {
      service_id: 'abuser',
      field: 'status',
      believed: 'active',
      actual: 'suspended',
      mend: null,
      note: 'The service stays suspended for: abuse.',
    },
    {
      service_id: 'gone',
      field: 'existence',
      believed: 'active',
      actual: 'terminated',
      mend: { method: 'POST', path: '/create-site', body: { service_id: 'gone', plan: 'basic' } },
      note: String(fields(Array.isArray(differences) ? differences[2] : {})['note']),
    },
    {
      service_id: '8',
      field: 'existence',
      believed: 'active',
      actual: null,
      mend: { method: 'POST', path: '/create-site', body: { service_id: '8', email: 'x@example.com' } },
      note: String(fields(Array.isArray(differences) ? differences[3] : {})['note']),
    },
    {
      service_id: 'x',
      field: 'existence',
      believed: null,
      actual: null,
      mend: { method: 'POST', path: '/create-site', body: { service_id: 'x' } },
      note: String(fields(Array.isArray(differences) ? differences[4] : {})['note']),
    },
  ]);
  t.match(told['unlisted'], [
    { service_id: 'other', status: 'unknown', mend: { path: '/delete-site', body: { service_id: 'other' } } },
  ]);
  t.match(
    await sync(
      { service_id: 'fine', status: 'cancelled' },
      { service_id: 'fine', status: 'suspended', plan: 'premium', email: 'new@example.com' },
      { service_id: 'fine', plan: 'gold' },
      { service_id: 'gone', status: 'terminated' },
      { service_id: 'gone' },
    ),
    {
      differences: [
        { field: 'existence', mend: { path: '/delete-site' } },
        { field: 'status', mend: { path: '/suspend' } },
        {
          field: 'plan',
          believed: 'premium',
          actual: 'basic',
          mend: { path: '/wp/upgrade/', body: { plan: 'premium' } },
        },
        {
          field: 'email',
          mend: { method: 'PATCH', path: '/services/fine', body: { email: 'new@example.com' } },
        },
        { field: 'plan', mend: null, note: /no plan/ },
      ],
    },
  );
  t.equal(rig.writes(), writes, 'nothing was changed');
  const stuck = aJob({ method: 'restart', status: 'stuck', endedAt: 'x' });
  await make('stuck', { jobs: [stuck] });
  await make('unmade', { lifecycle: 'failed', jobs: [{ ...stuck, method: 'create' }] });
  await make('undone', { lifecycle: 'failed', vmid: null });
  t.match(
    await sync(
      { service_id: 'fine', status: 'pending' },
      { service_id: 'stuck', status: 'active' },
      { service_id: 'unmade', status: 'active' },
      { service_id: 'unmade', status: 'cancelled' },
      { service_id: 'undone', status: 'cancelled' },
    ),
    {
      differences: [
        { field: 'status', believed: 'pending', actual: 'active', mend: null, note: /has been created/ },
        { field: 'status', believed: 'active', actual: 'failed', mend: null, note: /operator/ },
        {
          field: 'existence',
          actual: 'failed',
          mend: { path: '/delete-site' },
          note: /delete the site before/,
        },
        { field: 'existence', believed: 'cancelled', actual: 'failed', mend: { path: '/delete-site' } },
      ],
    },
  );
  const many = Array.from({ length: 10_000 }, (_, n) => ({
    service_id: `customer-${n}`,
    status: 'terminated',
    plan: 'WordPress Premium, billed yearly',
    email: `somebody.with.a.long.name.${n}@mail.example.com`,
  }));
  t.match(await sync(...many), { success: true, differences: [] }, 'as many as are allowed');
  t.match(await rig.call('POST', '/panel/sync', {}), { status: 400, body: { error: /must be a list/ } });
  t.match(await rig.call('POST', '/panel/sync', [{ service_id: 'a', status: 'fine' }]), {
    status: 400,
    body: { errors: { 0: /has a status/ } },
  });
});

t.test('events are read page by page, by one panel, and waited for with the last cursor', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const events = async (query: string, token?: string) =>
    (await rig.call('GET', `/events?${query}`, undefined, token)).body;
  const latest = await events('after=latest');
  t.match(latest, { events: [], more: false });
  await rig.call('POST', '/create-site', ORDER);
  await rig.change('default/12345', () => ({ lifecycle: 'active' }));
  let page = await events(`after=${String(latest['next_cursor'])}`);
  for (let tries = 0; tries < 100 && !JSON.stringify(page).includes('service.active'); tries += 1)
    page = await events(`after=${String(latest['next_cursor'])}`);
  t.match(page, {
    events: [
      { type: 'service.ordered', service_id: '12345', data: { plan: 'basic', email: ORDER.email } },
      { type: 'job.queued', data: { method: 'create' } },
      { type: 'service.active' },
    ],
    more: false,
  });
  t.notMatch(JSON.stringify(page), /panel/);
  t.match(await events(`after=${String(page['next_cursor'])}`), {
    events: [],
    next_cursor: page['next_cursor'],
  });
  const short = await events(`limit=1`);
  t.match(short, { events: [{ type: 'service.ordered' }], more: true });
  t.match(await events(`limit=1&after=${String(short['next_cursor'])}`), {
    events: [{ type: 'job.queued' }],
  });
  t.match(await events('', rig.tokens.staging), { events: [] });
  t.match(await rig.call('GET', '/events?after=nonsense'), {
    status: 400,
    body: { errors: { after: String } },
  });
  const own = `/events?after=${String(page['next_cursor'])}`;
  t.match(await rig.call('GET', own, undefined, rig.tokens.staging), {
    status: 410,
    body: { code: 'cursor_gone', error: /after=latest.*POST \/panel\/sync/ },
  });
  t.match(
    await rig.call('GET', `/audit?cursor=${String(page['next_cursor'])}`, undefined, rig.tokens.admin),
    {
      status: 410,
      body: { code: 'cursor_gone' },
    },
  );
});

t.test("another panel's cursor of a list passes nothing over", async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  for (const service_id of ['1', '2', '3']) await rig.call('POST', '/create-site', { ...ORDER, service_id });
  const other = Buffer.from('staging/1').toString('base64url');
  for (const list of ['services', 'jobs']) {
    const first = await rig.call('GET', `/${list}?limit=1`);
    const own = String(first.body['next_cursor']);
    t.match(await rig.call('GET', `/${list}?cursor=${own}`), {
      status: 200,
      body: { [list]: { length: 2 } },
    });
    t.match(await rig.call('GET', `/${list}?cursor=${other}`), {
      status: 400,
      body: { errors: { cursor: String } },
    });
  }
});
