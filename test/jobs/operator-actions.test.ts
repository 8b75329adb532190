import t, { type Test } from 'tap';
import { v7 as uuidv7 } from 'uuid';
import { AgentError } from '../../src/kernel/errors.js';
import type { Job } from '../../src/model/job.js';
import type { Service } from '../../src/model/service.js';
import { serviceRecords } from '../../src/jobs/effects/service-subject.js';
import { journal } from '../../src/jobs/engine/journal.js';
import { systemClock } from '../../src/kernel/clock.js';
import { withJob } from '../../src/services/outcomes.js';
import { kindData } from '../../src/model/job-kinds.js';
import { abandoned, cancelled, retried, skipped } from '../../src/jobs/operator-actions.js';
import { aJob, aService, aStep, kindNamed } from '../fakes/samples.js';
import { ended, type Engine, engine, KEY, order, until, untilCalled } from './engine/harness.js';
import { changed } from '../fakes/parts.js';
import { testFolder } from '../test-folder.js';

const NOW = '2026-01-01T00:00:00.000Z';
const refusal = (name: string) =>
  new AgentError('container_host_failed', `as told: ${name}`, { retryable: false });

/** Changes the newest job as an operation does. */
async function decide({ state }: Engine, fn: (job: Job, service: Service) => Job): Promise<Job> {
  const id = (await state.services.get(KEY)).jobs.at(-1)?.id ?? '';
  const { services, archive } = state;
  return journal(serviceRecords({ services, archive, withJob }), KEY, id, systemClock).change(fn);
}

async function end({ runner, state }: Engine): Promise<void> {
  await runner.stop();
  await state.close();
}

/** A test with an engine of its own. */
function scenario(name: string, work: (t: Test, one: Engine) => Promise<void>): void {
  void t.test(name, async (t) => {
    const one = await engine(t);
    try {
      await work(t, one);
    } finally {
      await end(one);
    }
  });
}

const irrevocable = (): Service =>
  changed(order({}, { method: kindNamed('pivot') }), { lifecycle: 'active', node: 'pve1' });

/** A creation that failed and cannot be taken back: the container will not go. */
async function makeStuck(one: Engine): Promise<void> {
  one.drivers.before = async (name) => {
    if (name.startsWith('removeContainer')) throw refusal(name);
  };
  await one.runner.start();
  await one.state.services.commit(KEY, () => order({ behave: 'refuse', code: 'recipe_failed' }));
  await until(one.state, (job) => job.status === 'stuck');
}

scenario('an undo that fails leaves the job stuck with what remains, and its claims', async (t, one) => {
  await makeStuck(one);
  const { state } = one;
  const service = await state.services.get(KEY);
  t.match(service, { lifecycle: 'failed', guest: { vmid: 1000 } });
  const [job] = service.jobs;
  t.same(job?.remains, [{ step: 'container', thing: 'container', what: 'container 1000 on pve1' }]);
  t.equal(state.services.holderOf({ vmid: 1000 }), KEY);
  const archived = await state.archive.find(job?.id ?? '');
  t.same(archived?.job.remains, job?.remains, 'the archive has it too');
});

t.test('a retry takes back what was left, after a restart too, and only that', async (t) => {
  const dir = testFolder(t);
  const first = await engine(t, dir);
  await makeStuck(first);
  await end(first);

  const second = await engine(t, dir);
  await second.runner.start();
  const both = await Promise.all([decide(second, retried), decide(second, retried)]);
  t.ok(
    both.every(({ id }) => id === both[0].id),
    'retried twice',
  );
  const service = await until(second.state, ended);
  t.match(service, { lifecycle: 'failed', guest: { vmid: null, addresses: [] } });
  t.match(service.jobs[0], { status: 'failed', error: { code: 'recipe_failed' } });
  t.equal(service.jobs[0]?.remains, undefined);
  t.same(second.drivers.calls, ['removeContainer 1000'], 'once');
  await t.rejects(decide(second, retried), { code: 'job_ended' });
  await end(second);
});

scenario('a step that was dealt with by hand is left out, and the job ends', async (t, one) => {
  await makeStuck(one);
  await t.rejects(
    decide(one, (job) => skipped(job, 'dns')),
    { code: 'step_not_found', message: /it has: container/ },
    'it was taken back already',
  );
  const job = await decide(one, (found) => skipped(found, 'container'));
  t.match(job, { status: 'stuck', remains: [] });
  await decide(one, (found) => skipped(found, 'container'));
  one.drivers.calls.length = 0;
  await decide(one, retried);
  const service = await until(one.state, ended);
  t.match(service, { lifecycle: 'failed', guest: { vmid: null } });
  t.same(one.drivers.calls, []);
});

scenario(
  'an abandoned creation keeps what it holds while something is left, and else lets go',
  async (t, one) => {
    await makeStuck(one);
    const left = (job: Job) => abandoned(job, NOW, job.remains ?? []);
    const job = await decide(one, left);
    t.match(job, { status: 'failed', abandonedAt: NOW, remains: [{ what: 'container 1000 on pve1' }] });
    t.equal(one.state.services.holderOf({ vmid: 1000 }), KEY);
    t.equal(one.state.services.holderOf({ subdomain: 'anna' }), KEY);
    const again = await decide(one, left);
    t.match(again, { abandonedAt: NOW }, 'again is the same');
    t.match((await one.state.archive.find(job.id))?.job, { status: 'failed', abandonedAt: NOW });
    await t.rejects(decide(one, retried), { code: 'job_ended' });
  },
);

scenario('an abandoned creation of which nothing is left lets go', async (t, one) => {
  await makeStuck(one);
  await decide(one, (found) => abandoned(found, NOW, []));
  t.match(await one.state.services.get(KEY), { lifecycle: 'failed', guest: { vmid: null } });
  t.equal(one.state.services.holderOf({ vmid: 1000 }), undefined);
});

scenario('a running job that is cancelled stops, and is taken back', async (t, one) => {
  await one.runner.start();
  await one.state.services.commit(KEY, () => order({ behave: 'sleep' }));
  await until(one.state, (job) =>
    job.steps.some(({ name, status }) => name === 'recipe' && status === 'running'),
  );
  const [first, second] = await Promise.all([
    decide(one, (job) => cancelled(kindData, job, NOW)),
    decide(one, (job) => cancelled(kindData, job, NOW)),
  ]);
  t.match([first, second], [{ cancel: { undo: true } }, { cancel: { undo: true } }]);
  const service = await until(one.state, ended);
  t.match(service, { lifecycle: 'failed', guest: { vmid: null } });
  t.match(service.jobs[0], { status: 'cancelled' });
  t.ok(one.drivers.calls.includes('removeContainer 1000'));
  t.ok(one.drivers.calls.includes('removeRecord anna.sandbox.test A'));
  t.match(
    await decide(one, (job) => cancelled(kindData, job, NOW)),
    { status: 'cancelled' },
    'once more is the same',
  );
});

scenario(
  'what is under way when a job is cancelled is waited for before it is taken back',
  async (t, one) => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    let settled = false;
    one.drivers.before = async (name) => {
      if (name.startsWith('ensureContainer')) {
        await gate;
        settled = true;
      }
      if (name.startsWith('removeContainer')) t.ok(settled, 'the clone has ended');
    };
    await one.runner.start();
    await one.state.services.commit(KEY, () => order());
    await untilCalled(one, 'ensureContainer 1000');
    await decide(one, (job) => cancelled(kindData, job, NOW));
    t.match((await one.state.services.get(KEY)).jobs[0], { status: 'running' });
    release();
    const service = await until(one.state, ended);
    t.match(service.jobs[0], { status: 'cancelled' });
    t.ok(one.drivers.calls.includes('removeContainer 1000'));
  },
);

scenario('a cancelled job whose daemon dies on the way back is taken back by the next', async (t, one) => {
  const steps = [
    aStep('allocate', { begun: 1, status: 'done', undoable: false }),
    aStep('container', { begun: 1, status: 'running', after: ['allocate'], startedAt: NOW }),
  ];
  const cancel = { at: NOW, undo: true };
  const job = aJob({ id: uuidv7(), status: 'running', attempts: 1, steps, cancel });
  await one.state.services.commit(KEY, () => aService({ node: 'pve1', jobs: [job] }));
  await one.runner.start();
  const service = await until(one.state, ended);
  t.match(service.jobs[0], { status: 'cancelled' });
  t.same(one.drivers.calls, ['removeContainer 1000']);
});

scenario('past the point of no return a cancel is refused; a stuck job goes on forward', async (t, one) => {
  let broken = true;
  one.drivers.before = async (name) => {
    if (broken && name === 'ensureStarted') throw refusal(name);
  };
  await one.runner.start();
  await one.state.services.commit(KEY, irrevocable);
  const stuck = await until(one.state, (job) => job.status === 'stuck');
  t.match(stuck.jobs[0], {
    direction: 'forward',
    remains: [{ step: 'behind', thing: 'container', what: 'container 1000 on pve1' }],
  });
  await t.rejects(
    decide(one, (job) => cancelled(kindData, job, NOW)),
    { code: 'job_ended' },
  );
  broken = false;
  one.drivers.calls.length = 0;
  await decide(one, retried);
  const service = await until(one.state, ended);
  t.match(service.jobs[0], { status: 'completed' });
  t.same(one.drivers.calls, ['ensureStarted']);
  t.match(service.lifecycle, 'active');
});

scenario('a forward step that was dealt with by hand counts as done', async (t, one) => {
  one.drivers.before = async (name) => {
    if (name === 'ensureStopped') throw refusal(name);
  };
  await one.runner.start();
  await one.state.services.commit(KEY, irrevocable);
  await until(one.state, (job) => job.status === 'stuck');
  await decide(one, (job) => skipped(job, 'pivot'));
  await decide(one, retried);
  const service = await until(one.state, ended);
  t.match(service.jobs[0], { status: 'completed' });
  t.ok(one.drivers.calls.includes('ensureStarted'), 'what came behind it was done');
});

/** A job with a pivot, held up in this call until the answer is called. */
async function heldUp(one: Engine, call: string): Promise<() => void> {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => (release = resolve));
  one.drivers.before = async (name) => {
    if (name === call) await gate;
  };
  await one.runner.start();
  await one.state.services.commit(KEY, irrevocable);
  await untilCalled(one, call);
  return release;
}

scenario('a cancel that comes before the pivot keeps it from being begun', async (t, one) => {
  const release = await heldUp(one, 'ensureHost anna.sandbox.test');
  await decide(one, (job) => cancelled(kindData, job, NOW));
  release();
  t.match((await until(one.state, ended)).jobs[0], { status: 'cancelled' });
  t.notOk(one.drivers.calls.includes('ensureStopped'));
});

scenario('a cancel that comes after it is refused, and the job goes on', async (t, one) => {
  const release = await heldUp(one, 'ensureStopped');
  const cancel = (): Promise<Job> => decide(one, (job) => cancelled(kindData, job, NOW));
  await t.rejects(cancel(), { code: 'job_irrevocable' });
  release();
  t.match((await until(one.state, ended)).jobs[0], { status: 'completed' });
  await t.rejects(cancel(), { code: 'job_ended' });
});

scenario('the journal begins no pivot of a job that is cancelled', async (t, { state }) => {
  const steps = [aStep('pivot', { pivot: true })];
  const job = aJob({ status: 'running', steps, cancel: { at: NOW, undo: true } });
  await state.services.commit(KEY, () => aService({ jobs: [job] }));
  const { services, archive } = state;
  const book = journal(serviceRecords({ services, archive, withJob }), KEY, job.id, systemClock);
  await t.rejects(book.begin('pivot', 'forward'), { code: 'aborted' });
  t.match((await book.job()).steps, [{ status: 'pending', begun: 0 }]);
});

t.test('queued and waiting jobs that are cancelled end at once, or turn back', (t) => {
  t.match(cancelled(kindData, aJob(), NOW), { status: 'cancelled', endedAt: NOW });
  const waiting = aJob({
    status: 'waiting',
    waiting: { for: 'DNS', since: NOW, until: '9999-12-31T00:00:00.000Z' },
  });
  t.match(cancelled(kindData, waiting, NOW), { status: 'cancelled' });
  const begun = { ...waiting, steps: [aStep('container', { begun: 1, status: 'done' })] };
  const back = cancelled(kindData, begun, NOW);
  t.match(back, { status: 'queued', direction: 'undo' });
  t.equal(back.waiting, undefined);
  const undoing = aJob({ status: 'waiting', direction: 'undo', steps: begun.steps });
  t.equal(cancelled(kindData, undoing, NOW), undoing, 'it is on its way back anyway');
  t.throws(() => cancelled(kindData, aJob({ status: 'completed', endedAt: NOW }), NOW), {
    code: 'job_ended',
  });
  t.throws(() => retried(aJob({ status: 'completed', endedAt: NOW }), aService()), { code: 'job_ended' });
  t.throws(() => abandoned(aJob(), NOW, []), { code: 'job_not_stuck' });
  t.throws(() => skipped(aJob({ steps: [aStep('dns')] }), 'dns'), { code: 'job_not_stuck' });
  const deletion = aService({ jobs: [aJob({ id: 'x', method: 'delete' })] });
  t.throws(() => retried(aJob({ status: 'stuck', endedAt: NOW }), deletion), { code: 'service_terminated' });
  t.end();
});

scenario('a job that goes on runs behind what was asked for meanwhile', async (t, { state }) => {
  const stuck = aJob({ id: uuidv7(), method: 'upgrade', status: 'stuck', endedAt: NOW });
  const later = aJob({ id: uuidv7(), method: 'suspend' });
  await state.services.commit(KEY, () => aService({ lifecycle: 'active', jobs: [stuck, later] }));
  const { services, archive } = state;
  await journal(serviceRecords({ services, archive, withJob }), KEY, stuck.id, systemClock).change(retried);
  t.same(
    (await services.get(KEY)).jobs.map(({ method, status }) => `${method} ${status}`),
    ['suspend queued', 'upgrade queued'],
  );
});
