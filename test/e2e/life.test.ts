import t from 'tap';
import { openHouse, order } from './harness.js';

const today = (): string => {
  const [year, month, day] = new Date().toISOString().slice(0, 10).split('-');
  return `BAK${day}${month}${year}`;
};

const isAt = (job: unknown, step: string): boolean =>
  typeof job === 'object' && job !== null && Reflect.get(job, 'step') === step;

t.test('a site through its whole life', async (t) => {
  const world = await openHouse(t);
  const { post } = world;
  await world.make('1', { subdomain: 'anna' });
  const guest = world.visitor('anna.sandbox.test');
  t.match(await guest.open('/'), { status: 200, title: 'anna' });

  await t.test('backup, change, rollback: the content is back', async (t) => {
    t.match(await post('/action/mkbak', { service_id: 1 }), {
      status: 200,
      body: { success: true, service_id: '1', backup: `${today()}-1`, quota: '1/2' },
    });
    await world.retitle('1', 'Changed');
    t.equal((await guest.open('/')).title, 'Changed');
    const back = await post('/action/rollback', { service_id: '1', bak: `${today()}-1` });
    t.match(back, { status: 200, body: { backup: `${today()}-1` } });
    t.match(await guest.open('/'), { status: 200, title: 'anna' });
  });

  await t.test('names are never used again, and the quota says its figures', async (t) => {
    t.match((await post('/actions/mkbak', { service_id: '1' })).body, {
      backup: `${today()}-2`,
      quota: '2/2',
    });
    t.match(await post('/action/mkbak', { service_id: '1' }), {
      status: 409,
      body: { code: 'quota_reached', error: 'Backup limit reached (2 of 2)' },
    });
    t.match(await post('/action/delbak', { service_id: '1', bak: `${today()}-2` }), {
      status: 200,
      body: { backups: [`${today()}-1`], quota: '1/2' },
    });
    t.match((await post('/action/mkbak', { service_id: '1' })).body, { backup: `${today()}-3` });
    t.match((await world.call('GET', '/action/getbak?service_id=1')).body, {
      backups: [`${today()}-1`, `${today()}-3`],
      details: [{ kind: 'backup', size_bytes: null }, { name: `${today()}-3` }],
      used: 2,
      allowed: 2,
      quota: '2/2',
    });
    t.match(await post('/action/delbak', { service_id: '1', bak: 'initial' }), {
      status: 409,
      body: { code: 'backup_protected' },
    });
    t.match(await post('/action/rollback', { service_id: '1', bak: 'x' }), {
      status: 404,
      body: { code: 'backup_not_found' },
    });
  });

  await t.test(
    'an upgrade keeps the site running, and a smaller plan is applied as far as it goes',
    async (t) => {
      t.match(await post('/wp/upgrade/check', { service_id: '1', plan: 'Standard' }), {
        status: 200,
        body: { plan: 'standard', to: { disk_gb: 40 } },
      });
      t.equal((await world.status('1'))['plan'], 'basic', 'the check changed nothing');
      t.match(await post('/wp/upgrade/', { service_id: '1', plan: 'standard' }), {
        status: 200,
        body: { plan: 'standard' },
      });
      t.match(await world.pve('/nodes/pve1/lxc/1000/config'), { memory: 4096, rootfs: /size=40G/ });
      t.match(await post('/wp/upgrade/', { service_id: '1', plan: 'basic' }), {
        status: 200,
        body: { plan: 'basic', warnings: [/The disk stays at 40 GB: the plan basic has 20 GB/] },
      });
      t.match(await world.pve('/nodes/pve1/lxc/1000/config'), { memory: 2048, rootfs: /size=40G/ });
      t.match(await world.status('1'), { plan: 'basic', resources: { disk: /40GB$/ } });
      t.match(await post('/wp/upgrade/', { service_id: '1', plan: 'standard' }), {
        status: 200,
        body: { plan: 'standard' },
      });
      t.equal((await post('/wp/upgrade', { service_id: '1', plan: 'nope' })).body['code'], 'unknown_plan');
    },
  );

  await t.test('after a rollback the site has the plan of today', async (t) => {
    await world.retitle('1', 'Changed again');
    t.equal((await post('/action/rollback', { service_id: '1', bak: `${today()}-1` })).status, 200);
    t.match(await world.pve('/nodes/pve1/lxc/1000/config'), {
      memory: 4096,
      rootfs: /size=40G/,
      description: /innkeeper:sandbox\/default\/1\/1/,
    });
    t.equal((await guest.open('/')).title, 'anna');
  });

  await t.test('suspended: visitors are told, changes are refused, reads are not', async (t) => {
    t.match(await post('/suspend', { service_id: '1' }), {
      status: 200,
      body: { status: 'suspended', suspended_for: ['billing'] },
    });
    t.equal((await post('/suspend', { service_id: '1' })).status, 200, 'again');
    const page = await guest.open('/');
    t.equal(page.status, 503);
    t.match(page.body, /suspended/i);
    t.match(await world.pve('/nodes/pve1/lxc/1000/status/current'), { status: 'stopped' });
    for (const path of ['/action/start', '/action/mkbak', '/action/reset']) {
      t.match(await post(path, { service_id: '1' }), { status: 403, body: { code: 'service_suspended' } });
    }
    t.equal((await world.call('GET', '/action/getbak?service_id=1')).status, 200);
    t.match(await world.status('1'), { status: 'suspended', suspended_for: ['billing'] });
    await post('/suspend', { service_id: '1', reason: 'abuse' });
    t.match((await post('/unsuspend', { service_id: '1' })).body, {
      status: 'suspended',
      suspended_for: ['abuse'],
    });
    t.equal((await guest.open('/')).status, 503, 'the other reason stands');
    t.match((await post('/unsuspend', { service_id: '1', reason: 'abuse' })).body, {
      status: 'running',
      suspended_for: [],
    });
    t.match(await guest.open('/'), { status: 200, title: 'anna' });
    t.equal((await post('/unsuspend', { service_id: '1' })).status, 200, 'again');
  });

  await t.test('the four actions, in both forms, as often as you like', async (t) => {
    for (let round = 0; round < 2; round += 1) {
      t.equal((await post('/action/stop', { service_id: '1', status: 'active' })).status, 200);
      t.match(await world.pve('/nodes/pve1/lxc/1000/status/current'), { status: 'stopped' });
    }
    for (let round = 0; round < 2; round += 1)
      t.equal((await post('/action', { service_id: '1', action: 'start' })).status, 200);
    t.equal((await post('/actions/restart', { service_id: '1' })).status, 200);
    t.match(await guest.open('/'), { status: 200 });
    t.match(await post('/action/start', { service_id: '1', status: 'Suspended' }), {
      status: 403,
      body: { code: 'service_suspended' },
    });
    t.equal((await post('/action', { service_id: '1', action: 'explode' })).status, 400);
  });

  await t.test('reset: as delivered, after a safety snapshot outside the quota', async (t) => {
    for (const title of ['A', 'B', 'C']) {
      await world.retitle('1', title);
      t.equal((await post('/action/reset', { service_id: '1' })).status, 200);
      t.equal((await guest.open('/')).title, 'anna');
    }
    const { snapshots } = (await world.call('GET', '/services/1')).body;
    const names = (snapshots as { name: string; kind: string }[]).map(({ name, kind }) => `${kind} ${name}`);
    t.same(names, [
      'initial initial',
      `backup ${today()}-1`,
      `backup ${today()}-3`,
      'safety safety-2',
      'safety safety-3',
    ]);
    t.match((await world.call('GET', '/action/getbak?service_id=1')).body, { used: 2 });
  });

  await t.test('a new owner is known to the panel and to the site', async (t) => {
    const changed = await world.call('PATCH', '/services/1', { email: 'bea@example.com', user_id: 7 });
    t.match(changed, { status: 200, body: { email: 'bea@example.com', user_id: '7' } });
    const { password } = (await world.call('GET', '/services/1/credentials')).body;
    const bea = world.visitor('anna.sandbox.test');
    const login = await bea.open('/wp-login.php', { log: 'bea@example.com', pwd: String(password) });
    t.equal(login.status, 302, 'logs in with the new address');
    t.equal((await post('/action/reset', { service_id: '1' })).status, 200);
    const again = await bea.open('/wp-login.php', { log: 'bea@example.com', pwd: String(password) });
    t.equal(again.status, 302, 'and after a reset too');
    t.equal((await world.call('PATCH', '/services/1', { email: 'nobody' })).status, 400);
    t.equal((await world.call('PATCH', '/services/1', {})).status, 400);
    t.equal((await world.call('PATCH', '/services/1', { user_id: null })).body['user_id'], null);
  });

  await t.test(
    'a new password of the administrator takes the place of the old one once the site has it',
    async (t) => {
      const read = async () => (await world.get('/services/1/credentials')).body;
      const logIn = async (password: unknown) =>
        (
          await world
            .visitor('anna.sandbox.test')
            .open('/wp-login.php', { log: 'admin', pwd: String(password) })
        ).status;
      const { password: first } = await read();
      const lift = await world.fault({
        target: 'exec',
        path: 'set-password',
        kind: { status: 1, reason: 'no database' },
      });
      t.match(await post('/services/1/credentials/reset', {}), {
        status: 502,
        body: { code: 'recipe_failed' },
      });
      t.equal((await read())['password'], first, 'a reset that failed changes nothing');
      await lift();
      const reset = await post('/services/1/credentials/reset', {});
      t.match(reset, { status: 200, body: { success: true, service_id: '1', readable_until: String } });
      const { password: second, expires_at: until } = await read();
      t.not(second, first);
      t.equal(until, reset.body['readable_until']);
      t.equal(await logIn(first), 200);
      t.equal(await logIn(second), 302);
      t.equal((await world.get('/services/1/credentials?acknowledge=true')).status, 200);
      t.match(await world.get('/services/1/credentials'), {
        status: 404,
        body: { code: 'credentials_gone' },
      });
      t.equal(
        (await post('/services/1/credentials/reset', {})).status,
        200,
        'and can be read again after another one',
      );
      t.equal(await logIn((await read())['password']), 302);
      t.notMatch(world.log.join(''), new RegExp(`${String(first)}|${String(second)}`));
      await post('/action/reset', { service_id: '1' });
      t.match(
        (await world.get('/services/1/credentials')).status,
        404,
        'a return to an older password leaves none that is wrong',
      );
      await post('/action/stop', { service_id: '1' });
      t.match(await post('/services/1/credentials/reset', {}), {
        status: 409,
        body: { code: 'service_stopped' },
      });
      await post('/action/start', { service_id: '1' });
    },
  );

  await t.test('deleted: nothing is left anywhere', async (t) => {
    t.match(await post('/delete-site', { service_id: '1' }), {
      status: 200,
      body: { status: 'terminated', purge_at: null },
    });
    t.match(await post('/delete-site', { service_id: '1' }), { status: 200, body: { job_id: null } });
    t.equal((await post('/delete-site', { service_id: '99' })).status, 404);
    const resources = (await world.pve('/cluster/resources')) as { vmid?: number }[];
    t.notOk(resources.some(({ vmid }) => vmid === 1000));
    t.same(await world.pve('/cluster/ha/resources'), []);
    t.same(await world.pve('/cluster/ha/rules'), []);
    await t.rejects(guest.resolve(), { code: 'ENOTFOUND' });
    t.not((await guest.open('/')).status, 200);
    t.match(await world.status('1'), {
      status: 'terminated',
      lifecycle: 'terminated',
      vmid: null,
      private_ip: null,
    });
    t.equal((await post('/action/start', { service_id: '1' })).body['code'], 'service_terminated');
    await world.make('1', { email: 'somebody@example.com', plan: 'premium', subdomain: 'anna' });
    t.match((await world.call('GET', '/services/1')).body, {
      generation: 2,
      plan: 'premium',
      snapshots: [{}],
    });
  });
});

t.test('a deletion ends a creation under way, whatever it is doing', async (t) => {
  const world = await openHouse(t);
  await world.fault({ target: 'pve', path: '/clone$', kind: { taskMs: 1500 }, times: 1 });
  const order = { service_id: '5', email: 'e@example.com', plan: 'basic', public_ip: '203.0.113.10' };
  const ordered = await world.post('/create-site', order);
  await world.until('/status?service_id=5', ({ job }) => isAt(job, 'container'));
  const [deleted, again] = await Promise.all([
    world.post('/delete-site', { service_id: '5' }),
    world.post('/delete-site', { service_id: '5' }),
  ]);
  t.match(deleted, { status: 200, body: { status: 'terminated' } });
  t.equal(again.body['job_id'], deleted.body['job_id']);
  t.equal((await world.call('GET', `/jobs/${String(ordered.body['job_id'])}`)).body['status'], 'cancelled');
  const resources = (await world.pve('/cluster/resources')) as { vmid?: number }[];
  t.notOk(resources.some(({ vmid }) => vmid === 1000));
  t.equal((await world.post('/create-site', order)).status, 202, 'and the id is free');
});

t.test('what is asked of a site being made waits for it', async (t) => {
  const world = await openHouse(t);
  const order = { service_id: '6', email: 'f@example.com', plan: 'basic', public_ip: '203.0.113.10' };
  await world.post('/create-site', order);
  t.equal((await world.post('/action/reset', { service_id: '6' })).body['code'], 'service_busy');
  const [suspended, again] = await Promise.all([
    world.post('/suspend', { service_id: '6' }),
    world.post('/suspend', { service_id: '6' }),
  ]);
  t.match(suspended, { status: 200, body: { status: 'suspended' } });
  t.equal(again.body['job_id'], suspended.body['job_id'], 'the same call joined');
  t.match(await world.status('6'), { lifecycle: 'suspended', suspended_for: ['billing'] });
  t.match(await world.pve('/nodes/pve1/lxc/1000/status/current'), { status: 'stopped' });
});

t.test('an upgrade whose disk cannot grow is taken back', async (t) => {
  const world = await openHouse(t);
  await world.make('7');
  await world.fault({ target: 'pve', path: '/resize$', kind: { taskError: 'no space left' } });
  const refused = await world.post('/wp/upgrade', { service_id: '7', plan: 'premium' });
  t.match(refused, { status: 502, body: { code: 'container_host_failed' } });
  await world.noFaults();
  t.match(await world.status('7'), { plan: 'basic', status: 'running' });
  t.match(await world.pve('/nodes/pve1/lxc/1000/config'), { memory: 2048, cores: 2, rootfs: /size=20G/ });
  t.equal((await world.post('/wp/upgrade', { service_id: '7', plan: 'premium' })).status, 200);
});

t.test('with a time of grace a deleted site can come back, and is purged when it is over', async (t) => {
  const world = await openHouse(t, { deletion: { hold_s: 3600 } });
  const { post } = world;
  await world.make('1', { subdomain: 'anna', email: 'anna@example.com' });
  await post('/action/mkbak', { service_id: '1' });
  await world.retitle('1', 'Kept');
  const deleted = await post('/delete-site', { service_id: '1' });
  t.match(deleted, { status: 200, body: { status: 'terminated', purge_at: /^\d{4}-/ } });
  t.match(await world.status('1'), { status: 'terminated', purge_at: deleted.body['purge_at'], vmid: 1000 });
  t.match(await world.pve('/nodes/pve1/lxc/1000/status/current'), { status: 'stopped' });
  t.same(await world.pve('/cluster/ha/resources'), []);
  await t.rejects(world.visitor('anna.sandbox.test').resolve());
  t.equal((await post('/delete-site', { service_id: '1' })).status, 200);

  const order = { service_id: '1', plan: 'basic', public_ip: '203.0.113.10' };
  const stranger = await post('/create-site', { ...order, email: 'eve@example.com' });
  t.match(stranger, { status: 409, body: { code: 'service_exists', error: /is kept for its former owner/ } });
  await world.make('2', { email: 'anna@example.org' });
  t.equal((await world.status('2'))['subdomain'], 'anna-2', 'the name is kept');

  const back = await post('/create-site', { ...order, email: 'anna@example.com' });
  t.match(back, { status: 202, body: { status: 'processing', fqdn: 'anna.sandbox.test', vmid: 1000 } });
  await world.until(`/jobs/${String(back.body['job_id'])}`, ({ status }) => status === 'completed');
  t.match(await world.visitor('anna.sandbox.test').open('/'), { status: 200, title: 'Kept' });
  t.match((await world.call('GET', '/services/1')).body, {
    generation: 1,
    purge_at: null,
    lifecycle: 'active',
  });
  t.match((await world.call('GET', '/action/getbak?service_id=1')).body, { used: 1 });
});

t.test('a site whose container was lost is deleted to the end, with what HA still has of it', async (t) => {
  const world = await openHouse(t, { deletion: { hold_s: 3600 } });
  await world.make('1');
  await world.lose(1000);
  t.match(await world.pve('/cluster/ha/resources'), [{ sid: 'ct:1000' }]);
  const deleted = await world.post('/delete-site', { service_id: '1' });
  t.match(deleted, { status: 200, body: { status: 'terminated', purge_at: /^\d{4}-/ } });
  t.same(await world.pve('/cluster/ha/resources'), []);
  t.same(await world.pve('/cluster/ha/rules'), []);
  const back = await world.post('/create-site', order('1'));
  const job = await world.until(`/jobs/${String(back.body['job_id'])}`, ({ ended_at: at }) => at !== null);
  t.match(
    job,
    { status: 'failed', error: { message: 'The container does not exist.' } },
    'it cannot come back',
  );
  await world.post('/delete-site', { service_id: '1' });
  t.match(await world.status('1'), { status: 'terminated' });
});

t.test('a purge that became due while the agent was down is made up for', async (t) => {
  const world = await openHouse(t, { deletion: { hold_s: 1 } });
  await world.make('1');
  await world.post('/delete-site', { service_id: '1' });
  await world.restart();
  await world.until('/status?service_id=1', ({ vmid }) => vmid === null);
  const resources = (await world.pve('/cluster/resources')) as { vmid?: number }[];
  t.notOk(resources.some(({ vmid }) => vmid === 1000));
});

t.test('the brake holds what is beyond it until an operator releases it', async (t) => {
  const world = await openHouse(t, { deletion: { hold_s: 0, brake: 1 } });
  await Promise.all([world.make('1'), world.make('2')]);
  t.equal((await world.post('/delete-site', { service_id: '1' })).status, 200);
  const held = await world.post('/delete-site', { service_id: '2' });
  t.match(held, { status: 202, body: { status: 'running' } });
  t.match(world.log.join(''), /"alarm":"deletion_brake"/);
  const jobId = String(held.body['job_id']);
  t.match((await world.call('GET', `/jobs/${jobId}`)).body, {
    status: 'waiting',
    waiting: { for: 'release by an operator' },
  });
  t.equal((await world.post('/delete-site', { service_id: '2' })).body['job_id'], jobId);
  await world.restart();
  t.match(await world.status('2'), { lifecycle: 'active', job: { method: 'delete' } });
  t.equal((await world.post(`/jobs/${jobId}/retry`, {})).status, 200);
  await world.until('/status?service_id=2', ({ lifecycle }) => lifecycle === 'terminated');
});

t.test('what cannot be reached is forgotten, and what remains is on record', async (t) => {
  const world = await openHouse(t);
  await world.make('1', { subdomain: 'anna' });
  await world.fault({ target: 'pve', kind: { down: true } });
  const waiting = await world.call('POST', '/delete-site', { service_id: '1' }, { prefer: 'wait=1' });
  t.equal(waiting.status, 202);
  const forgotten = await world.post('/services/1/forget', { confirm: '1' });
  t.match(forgotten, {
    status: 200,
    body: {
      status: 'terminated',
      left_behind: [/container 1000 on pve1/, /snapshot initial/, /HA resource of container 1000/],
    },
  });
  t.match(await world.status('1'), { status: 'terminated', vmid: null });
  await t.rejects(world.visitor('anna.sandbox.test').resolve());
  t.equal((await world.post('/services/1/forget', { confirm: '1' })).body['code'], 'service_terminated');
});

t.test('a storage that only goes back in order says so, and a storage without snapshots too', async (t) => {
  const zfs = await openHouse(t, { storageType: 'zfspool' });
  await zfs.make('1', { subdomain: 'anna' });
  const first = (await zfs.post('/action/mkbak', { service_id: '1' })).body['backup'];
  const second = (await zfs.post('/action/mkbak', { service_id: '1' })).body['backup'];
  t.match(await zfs.post('/action/rollback', { service_id: '1', bak: first }), {
    status: 409,
    body: { code: 'backup_not_newest', error: new RegExp(String(second)) },
  });
  t.equal((await zfs.post('/action/rollback', { service_id: '1', bak: second })).status, 200);
  await zfs.retitle('1', 'Changed');
  const discarding = { service_id: '1', bak: first, discard_newer: true };
  t.equal((await zfs.post('/action/rollback', discarding)).status, 200);
  t.match((await zfs.call('GET', '/action/getbak?service_id=1')).body, { backups: [first] });
  t.equal((await zfs.visitor('anna.sandbox.test').open('/')).title, 'anna');
  t.equal((await zfs.post('/action/reset', { service_id: '1' })).body['code'], 'backup_not_newest');
  t.equal((await zfs.post('/action/reset', { service_id: '1', discard_newer: true })).status, 200);
});

t.test('a storage without snapshots says so at once', async (t) => {
  const world = await openHouse(t, { storageType: 'dir' });
  await world.make('1');
  for (const [path, also] of [
    ['/action/mkbak', {}],
    ['/action/reset', {}],
    ['/action/rollback', { bak: 'x' }],
  ] as const) {
    t.match(await world.post(path, { service_id: '1', ...also }), {
      status: 502,
      body: { code: 'snapshots_unavailable' },
    });
  }
});
