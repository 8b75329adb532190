/** What Proxmox's snapshots leave behind when they fail (pve-guest-common 6.0.2, AbstractConfig.pm). */
import t from 'tap';
import { field, fixture } from './fixture.js';

const TEMPLATE = '/nodes/pve1/lxc/9001';
const CT = '/nodes/pve1/lxc/101';
const fault = (method: string, path: string) => ({
  target: 'pve' as const,
  method,
  path,
  kind: { taskError: 'zfs error: cannot destroy snapshot: dataset is busy' },
  times: 1,
});

t.test('a removal that fails in the storage leaves its lock, and the snapshot half removed', async (t) => {
  const { ask, task, pve } = await fixture(t);
  await task('POST', `${TEMPLATE}/clone`, { newid: 101, description: 'the site' });
  await task('POST', `${CT}/snapshot`, { snapname: 'one', description: 'before' });
  const listed = async (name: string): Promise<unknown> => {
    const { data } = await ask('GET', `${CT}/snapshot`);
    return Array.isArray(data) ? data.find((each) => field(each, 'name') === name) : undefined;
  };
  t.match(await listed('current'), { running: 0, parent: 'one' });
  t.equal(field(await listed('one'), 'snapstate'), undefined);
  t.match((await ask('GET', `${CT}/config`, { snapshot: 'one' })).data, {
    description: 'before\n',
    snaptime: Number,
    digest: String,
  });

  pve.faults.add(fault('DELETE', '/snapshot/one$'));
  t.match(await task('DELETE', `${CT}/snapshot/one`), /dataset is busy/);
  t.match(await listed('one'), { snapstate: 'delete' });
  t.match((await ask('GET', `${CT}/config`)).data, { lock: 'snapshot-delete' });
  t.equal(await task('DELETE', `${CT}/snapshot/one`), 'CT is locked (snapshot-delete)');
  t.equal(
    await task('POST', `${CT}/snapshot/one/rollback`),
    'unable to rollback to incomplete snapshot (snapstate = delete)',
  );
  t.equal(await task('POST', `${CT}/snapshot`, { snapname: 'two' }), 'CT is locked (snapshot-delete)');

  // as `pct unlock` and `pct delsnapshot --force` do it
  pve.lock(101, undefined);
  t.equal(await task('DELETE', `${CT}/snapshot/one`, { force: 1 }), 'OK');
  t.equal(await listed('one'), undefined);
  t.equal(field((await ask('GET', `${CT}/config`)).data, 'lock'), undefined);
});

t.test('a rollback that fails leaves a stopped and locked container; a snapshot cleans up', async (t) => {
  const { ask, task, pve, backend } = await fixture(t);
  await task('POST', `${TEMPLATE}/clone`, { newid: 101, description: 'the site' });
  pve.faults.add(fault('POST', '/snapshot$'));
  t.match(await task('POST', `${CT}/snapshot`, { snapname: 'one' }), /dataset is busy/);
  t.equal(field((await ask('GET', `${CT}/config`)).data, 'lock'), undefined);
  t.equal(await task('POST', `${CT}/snapshot`, { snapname: 'one', description: 'before' }), 'OK');

  await task('POST', `${CT}/status/start`);
  pve.faults.add(fault('POST', '/rollback$'));
  t.match(await task('POST', `${CT}/snapshot/one/rollback`), /dataset is busy/);
  t.equal(await backend.isRunning(101), false);
  t.match((await ask('GET', `${CT}/config`)).data, { lock: 'rollback', description: 'the site\n' });
  pve.lock(101, undefined);
  t.equal(await task('POST', `${CT}/snapshot/one/rollback`), 'OK');
  t.match((await ask('GET', `${CT}/config`)).data, { parent: 'one', description: 'the site\n' });
});
