import t from 'tap';
import { v7 as uuidv7 } from 'uuid';
import { AgentError } from '../../../src/kernel/errors.js';
import { type Job, MAX_CRASHES } from '../../../src/model/job.js';
import type { Service } from '../../../src/model/service.js';
import { fakeWatch } from '../../fakes/drivers.js';
import { changed } from '../../fakes/parts.js';
import { aJob, aService, aStep, kindNamed } from '../../fakes/samples.js';
import { ended, engine, KEY, order, until } from './harness.js';
import { testFolder } from '../../test-folder.js';

t.test('a job runs to its end in a thread and its record tells every step', async (t) => {
  const { state, drivers, runner, log } = await engine(t);
  await runner.start();
  await state.services.commit(KEY, () => order());
  const service = await until(state, ended);
  t.equal(service.lifecycle, 'active');
  t.match(service, { guest: { vmid: 1000, node: 'pve1' } });
  const [job] = service.jobs;
  t.match(job, { status: 'completed', attempts: 1 });
  t.same(
    job?.steps.map(({ name, status }) => `${name} ${status}`),
    ['allocate done', 'container done', 'dns done', 'recipe done'],
  );
  t.same(job?.steps[1]?.notes, { 'container.ensure': { upid: 'UPID:ensureContainer 1000' } });
  t.equal(drivers.passwords.length, 1);
  t.equal(
    drivers.passwords[0],
    service.secrets['admin_password']?.reveal(),
    'the script got the secret that the service keeps',
  );
  t.notOk(log.join('').includes(drivers.passwords[0] ?? '?'), 'and the log did not');
  t.match(
    log.find((line) => line.includes('recipe runs')),
    /"service_id":"12".*"step":"recipe"/,
  );
  t.match(await state.archive.find(job?.id ?? ''), { key: KEY, job: { status: 'completed' } });
  await runner.stop();
  await state.close();
});

t.test('a failure for good takes back what was made and frees name, address and number', async (t) => {
  const { state, drivers, runner } = await engine(t);
  await runner.start();
  await state.services.commit(KEY, () => order({ behave: 'refuse', code: 'recipe_failed' }));
  const service = await until(state, ended);
  t.match(service, { lifecycle: 'failed', guest: { vmid: null, addresses: [] } });
  t.match(service.jobs[0], {
    status: 'failed',
    direction: 'undo',
    error: { code: 'recipe_failed', step: 'recipe' },
  });
  t.ok(drivers.calls.includes('removeContainer 1000'));
  t.ok(drivers.calls.includes('removeRecord anna.sandbox.test A'));
  t.equal(state.services.holderOf({ vmid: 1000 }), undefined);
  t.equal(state.services.holderOf({ subdomain: 'anna' }), undefined);
  t.equal(state.services.holderOf({ address: '10.77.0.10' }), undefined);
  await runner.stop();
  await state.close();
});

t.test('a system that is down lets the rest go on, and the job waits for it', async (t) => {
  const { state, drivers, runner } = await engine(t);
  let down = true;
  drivers.before = async (name) => {
    if (down && name.startsWith('ensureRecord'))
      throw new AgentError('dns_unreachable', 'DNS does not answer.', { role: 'DNS' });
  };
  await runner.start();
  await state.services.commit(KEY, () => order());
  const waiting = await until(state, (job) => job.status === 'waiting');
  t.match(waiting.jobs[0], {
    waiting: { for: 'DNS' },
    error: { code: 'dns_unreachable', step: 'dns' },
    attempts: 0,
  });
  t.equal(waiting.jobs[0]?.steps.find(({ name }) => name === 'recipe')?.status, 'done');
  down = false;
  const service = await until(state, ended);
  t.equal(service.jobs[0]?.status, 'completed');
  t.equal(
    drivers.calls.filter((call) => call.startsWith('ensureContainer')).length,
    1,
    'what was done is not done again',
  );
  await runner.stop();
  await state.close();
});

t.test('a number that turns out to be taken is replaced', async (t) => {
  const { state, drivers, runner } = await engine(t);
  drivers.before = async (name) => {
    if (name === 'ensureContainer 1000') throw new AgentError('vmid_taken', 'taken');
  };
  await runner.start();
  await state.services.commit(KEY, () => order());
  const service = await until(state, ended);
  t.match(service, { lifecycle: 'active', guest: { vmid: 1001 } });
  await runner.stop();
  await state.close();
});

t.test('number and address given out while the cluster could not be asked are confirmed first', async (t) => {
  const foreign = {
    vmid: 1000,
    name: 'x',
    node: 'pve1',
    type: 'lxc',
    template: false,
    status: 'running',
    memoryBytes: 0,
    memoryLimitBytes: 0,
    diskBytes: 0,
    diskLimitBytes: 0,
    cpu: 0,
    networkInBytes: 0,
    networkOutBytes: 0,
    uptimeS: 0,
    tags: [],
  } as const;
  const watch = fakeWatch({ at: 0, nodes: [], guests: [foreign], storages: [] }, new Set(['10.77.0.10']));
  const { state, runner } = await engine(t, undefined, undefined, watch);
  await runner.start();
  await state.services.commit(KEY, () => order());
  const service = await until(state, ended);
  t.match(service, {
    lifecycle: 'active',
    guest: { vmid: 1001, addresses: [{ address: '10.77.0.11' }] },
  });
  await runner.stop();
  await state.close();
});

t.test('a module that blocks its thread is ended at the deadline, tried again, then undone', async (t) => {
  const { state, runner } = await engine(t);
  await runner.start();
  await state.services.commit(KEY, () =>
    order(
      { behave: 'spin' },
      { policy: { tries: 1, backoffS: 0.05, timeoutS: 0.5, maxExceptions: 1, patienceS: 60 } },
    ),
  );
  const service = await until(state, ended);
  t.match(service.jobs[0], { status: 'failed', error: { code: 'job_timeout', step: 'recipe' } });
  await runner.stop();
  await state.close();
});

t.test('a thread that dies without a word is a crash, and not for ever', async (t) => {
  const { state, runner } = await engine(t);
  await runner.start();
  await state.services.commit(KEY, () => order({ behave: 'exit' }));
  const service = await until(state, ended);
  t.match(service.jobs[0], { status: 'failed', error: { code: 'job_crashed' } });
  t.equal(service.jobs[0]?.steps.find(({ name }) => name === 'recipe')?.begun, MAX_CRASHES);
  await runner.stop();
  await state.close();
});

t.test('a defect of a module is tried as often as its policy says', async (t) => {
  const { state, runner } = await engine(t);
  await runner.start();
  await state.services.commit(KEY, () => order({ behave: 'throw' }));
  const service = await until(state, ended);
  t.match(service.jobs[0], {
    status: 'failed',
    error: { code: 'module_failed', detail: /a defect in the module/ },
  });
  t.equal(service.jobs[0]?.steps.find(({ name }) => name === 'recipe')?.begun, 2);
  await runner.stop();
  await state.close();
});

t.test('a stop hands running jobs back, and the next daemon goes on where they stood', async (t) => {
  const dir = testFolder(t);
  const first = await engine(t, dir);
  await first.runner.start();
  await first.state.services.commit(KEY, () => order({ behave: 'sleep' }));
  await until(first.state, (job) =>
    job.steps.some(({ name, status }) => name === 'recipe' && status === 'running'),
  );
  await first.runner.stop();
  const [left] = (await first.state.services.get(KEY)).jobs;
  t.match(left, { status: 'queued', attempts: 0, crashes: 0 });
  await first.state.services.commit(KEY, (service) => {
    if (!service) throw new Error('gone');
    return { ...service, jobs: service.jobs.map((job) => ({ ...job, args: {} })) };
  });
  await first.state.close();

  const second = await engine(t, dir);
  await second.runner.start();
  const service = await until(second.state, ended);
  t.equal(service.lifecycle, 'active');
  t.same(second.drivers.calls, ['run test/install'], 'only what was left');
  await second.runner.stop();
  await second.state.close();
});

t.test(
  'a job found running at boot was cut off: it goes on, and crashes count only while no step gets done',
  async (t) => {
    const { state, drivers, runner } = await engine(t);
    // the pause before the next attempt grows with the crashes
    const policy = { ...aJob({}).policy, backoffS: 0.05 };
    const job = aJob({ id: uuidv7(), status: 'running', attempts: 1, crashes: MAX_CRASHES - 2, policy });
    await state.services.commit(KEY, () => aService({ jobs: [job] }));
    await runner.start();
    const service = await until(state, ended);
    t.match(service.jobs[0], { status: 'completed', attempts: 1, crashes: 0 });
    t.ok(drivers.calls.length > 0);
    await runner.stop();
    await state.close();
  },
);

t.test('a deletion learns what the creation it overtook has sent, for it may still arrive', async (t) => {
  const { state, drivers, runner } = await engine(t);
  const sent = { unsure: 1_000 };
  const made = aStep('container', { begun: 1, status: 'running', notes: { 'container.ensure': sent } });
  const creation = aJob({ status: 'cancelled', endedAt: '2026-01-01T00:00:00.000Z', steps: [made] });
  const removal = aJob({ id: uuidv7(), method: kindNamed('remove') });
  await state.services.commit(KEY, () => aService({ vmid: 1000, jobs: [creation, removal] }));
  await runner.start();
  await until(state, ended);
  t.same(drivers.calls, ['removeContainer 1000']);
  t.match(drivers.notesSeen, [sent]);
  await runner.stop();
  await state.close();
});

t.test('bulk jobs leave slots free for a job that somebody waits for', async (t) => {
  const { state, drivers, runner } = await engine(t);
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  let started = 0;
  drivers.before = async () => {
    started += 1;
    await gate;
  };
  await runner.start();
  const add = (n: number, interactive: boolean): Promise<Service> =>
    state.services.commit(`default/${n}`, () =>
      aService({
        id: String(n),
        subdomain: `s${n}`,
        fqdn: `s${n}.sandbox.test`,
        vmid: 1000 + n,
        node: 'pve1',
        addresses: [],
        jobs: [aJob({ id: uuidv7(), method: kindNamed('pause'), interactive })],
      }),
    );
  for (let n = 0; n < 5; n += 1) await add(n, false);
  while (started < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  t.equal(runner.counts().running, 2, 'of three slots one is kept');
  await add(9, true);
  while (started < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  t.equal(runner.counts().running, 3);
  open();
  for (const n of [0, 1, 2, 3, 4, 9]) await until(state, ended, `default/${n}`);
  await runner.stop();
  await state.close();
});

t.test('jobs of one service run one after the other', async (t) => {
  const { state, drivers, runner } = await engine(t);
  let active = 0;
  let most = 0;
  drivers.before = async () => {
    most = Math.max(most, ++active);
    await new Promise((resolve) => setTimeout(resolve, 30));
    active -= 1;
  };
  await runner.start();
  const pause = (): Job => aJob({ id: uuidv7(), method: kindNamed('pause') });
  await state.services.commit(KEY, () =>
    aService({ lifecycle: 'active', node: 'pve1', jobs: [pause(), pause(), pause()] }),
  );
  await until(state, (job, service) => ended(job) && service.jobs.length === 1);
  t.equal(most, 1);
  t.equal(drivers.calls.length, 3);
  await runner.stop();
  await state.close();
});

t.test(
  'jobs whose system is known to be dead wait without a thread, and all go on when a probe succeeds',
  async (t) => {
    const { state, drivers, runner, circuits, log } = await engine(t);
    const host = circuits.of('container-host', 'container host');
    let calls = 0;
    let up = false;
    drivers.before = async (name) => {
      if (!name.startsWith('ensureContainer')) return;
      calls += 1;
      const pass = host.enter();
      if (up && pass) {
        pass.answered();
        return;
      }
      pass?.silent();
      throw new AgentError('container_host_unreachable', 'It does not answer.', {
        role: 'container host',
        system: 'container-host',
      });
    };
    await runner.start();
    host.enter()?.silent();
    const ids = ['a', 'b', 'c', 'd', 'e'];
    for (const [n, id] of ids.entries()) {
      const own = { id, subdomain: id, fqdn: `${id}.test`, addresses: [], vmid: 1010 + n };
      await state.services.commit(`default/${id}`, () => changed(order(), own));
    }
    for (const id of ids) {
      const { jobs } = await until(state, ({ status }) => status === 'waiting', `default/${id}`);
      t.match(jobs[0], { waiting: { for: 'container host' } });
    }
    const began = async (): Promise<number> => {
      const services = await Promise.all(ids.map((id) => state.services.get(`default/${id}`)));
      return services.filter(({ jobs }) => (jobs[0]?.steps.length ?? 0) > 0).length;
    };
    while (calls < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    t.ok((await began()) <= 2, 'only probes get a thread');
    up = true;
    for (const id of ids)
      t.match((await until(state, ended, `default/${id}`)).jobs[0], { status: 'completed', crashes: 0 });
    t.ok(calls <= ids.length + 5, `${calls} calls`);
    t.equal(log.filter((line) => line.includes('could not save')).length, 0);
    await runner.stop();
    await state.close();
  },
);
