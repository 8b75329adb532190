/**
 * A storage that fails in the middle of a rollback or a removal leaves a locked container: nothing is said to be
 * done, and the work goes on by itself once it is unlocked.
 */
import t from 'tap';
import { openHouse } from './harness.js';

t.test('a rollback that fails leaves a locked site, and ends well once a person unlocked it', async (t) => {
  const world = await openHouse(t);
  await world.make('8', { subdomain: 'eight' });
  const { backup } = (await world.post('/action/mkbak', { service_id: '8' })).body;
  const lift = await world.fault({
    target: 'pve',
    path: '/rollback$',
    kind: { taskError: 'the storage is confused' },
  });
  const asked = await world.post('/action/rollback', { service_id: '8', bak: backup });
  t.equal(asked.status, 202);
  const job = `/jobs/${String(asked.body['job_id'])}`;
  await world.until(job, ({ status }) => status === 'waiting');
  t.match(world.log.join(''), /pct unlock 1000/);
  t.match(await world.pve('/nodes/pve1/lxc/1000/config'), { lock: 'rollback' });
  t.match(
    await world.pve('/cluster/ha/resources'),
    [{ sid: 'ct:1000', state: 'ignored' }],
    'left alone by HA',
  );
  await lift();
  await world.unlock(1000);
  await world.until(job, ({ status }) => status === 'completed');
  t.match(await world.status('8'), { status: 'running', job: null, error: null });
  t.match(await world.pve('/cluster/ha/resources'), [{ sid: 'ct:1000', state: 'started' }]);
  t.equal((await world.visitor('eight.sandbox.test').open('/')).status, 200);
});

t.test('a backup that the storage does not let go stays a backup', async (t) => {
  const world = await openHouse(t);
  await world.make('9', { subdomain: 'nine' });
  const { backup } = (await world.post('/action/mkbak', { service_id: '9' })).body;
  const lift = await world.fault({
    target: 'pve',
    method: 'DELETE',
    path: '/snapshot/',
    kind: { taskError: 'zfs error: cannot destroy snapshot: dataset is busy' },
  });
  // the call behind it waits as long as any does
  const asked = await world.call(
    'POST',
    '/action/delbak',
    { service_id: '9', bak: backup },
    { prefer: 'respond-async' },
  );
  const job = `/jobs/${String(asked.body['job_id'])}`;
  await world.until(job, ({ status }) => status === 'waiting');
  const again = await world.post('/action/delbak', { service_id: '9', bak: backup });
  t.not(again.status, 200, 'asked again, it is not gone either');
  const { backups } = (await world.get('/backups?service_id=9')).body;
  t.match(JSON.stringify(backups ?? (await world.get('/services/9')).body), String(backup));
  t.match(world.log.join(''), `pct unlock 1000 && pct delsnapshot 1000 ${String(backup)} --force`);
  await lift();
  await world.unlock(1000);
  await world.until(job, ({ status }) => status === 'completed');
  const listed: unknown = await world.pve('/nodes/pve1/lxc/1000/snapshot');
  t.notMatch(JSON.stringify(listed), String(backup));
});
