import t from 'tap';
import { allowed, backupsOf, backupsUsed, isBeingRemoved } from '../../src/model/backups.js';
import type { Job } from '../../src/model/job.js';
import { aJob, aService, basicPlan } from '../fakes/samples.js';

const snapshots = (['initial', 'backup', 'backup', 'safety'] as const).map((kind, at) => ({
  ...{ name: `s${at}`, kind, createdAt: '' },
}));
const cancel = { at: '', undo: true };
const of = (...jobs: Partial<Job>[]) => aService({ snapshots, jobs: jobs.map(aJob) });

t.test("a customer's backups are those that are made and not about to be removed", async (t) => {
  const removal = { method: 'removeBackup', args: { name: 's1' } } as const;
  for (const [what, job, names] of [
    ['no job', {}, ['s1', 's2']],
    ['one is being removed', removal, ['s2']],
    ['its removal was called off', { ...removal, cancel }, ['s1', 's2']],
    ['its removal failed', { ...removal, status: 'failed' }, ['s1', 's2']],
    ['another job names it', { ...removal, method: 'rollback' }, ['s1', 's2']],
  ] as const) {
    const service = of(job);
    t.same(
      backupsOf(service).map(({ name }) => name),
      names,
      what,
    );
    t.equal(isBeingRemoved(service, 's1'), names.length === 1, what);
    t.equal(backupsUsed(service), names.length, what);
  }
  t.same(backupsOf(aService({ guest: null })), []);
});

t.test('a backup that is being made counts once', async (t) => {
  const made = (name: string, also: Partial<Job> = {}) =>
    of({ method: 'makeBackup', args: { name }, ...also });
  t.equal(backupsUsed(made('s9')), 3, 'on its way');
  t.equal(backupsUsed(made('s2')), 2, 'its snapshot is there, and its job has not ended');
  t.equal(backupsUsed(made('s9', { status: 'failed' })), 2);
  t.equal(backupsUsed(made('s9', { method: 'removeBackup' })), 2);
  t.equal(backupsUsed(aService({ guest: null, jobs: [] })), 0);
});

t.test('of two plans, the one that a service has and the one on its way, the smaller counts', async (t) => {
  const upgrade = (backups: number, also: Partial<Job> = {}) => {
    const pinned = { ...aJob().pinned, plan: { ...basicPlan, backups } };
    return allowed(of({ method: 'upgrade', pinned, ...also }), 'backups');
  };
  t.equal(allowed(of(), 'backups'), 2);
  t.equal(allowed(of(), 'domains'), 3);
  t.equal(upgrade(1), 1);
  t.equal(upgrade(9), 2);
  t.equal(upgrade(1, { status: 'failed' }), 2);
  t.equal(upgrade(1, { cancel }), 2);
  t.equal(upgrade(1, { method: 'restore' }), 2);
});
