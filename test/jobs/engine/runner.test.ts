/** What runs next, and what becomes of jobs when systems, slots or the agent are not there. */
import t from 'tap';
import { AgentError, toRecord } from '../../../src/kernel/errors.js';
import type { Job } from '../../../src/model/job.js';
import type { Service } from '../../../src/model/service.js';
import type { Outcome } from '../../../src/jobs/engine/protocol.js';
import { runner } from '../../../src/jobs/engine/runner.js';
import { aJob, aService } from '../../fakes/samples.js';
import { fakeThreads, type Seat } from '../../fakes/threads.js';
import { inMemory, settled } from './in-memory.js';

const NOW = '2026-01-01T00:00:00.000Z';
const at = (ms: number): string => new Date(Date.parse(NOW) + ms).toISOString();
const job = (id: string, also: Partial<Job> = {}): Job => aJob({ id: `job-${id}`, method: 'stop', ...also });
const service = (id: string, ...jobs: Job[]): Service =>
  aService({ id, lifecycle: 'active', vmid: 1000 + Number(id), addresses: [], subdomain: `s${id}`, jobs });

/** Attempts that end when the test says so. */
function engine(services: Service[], also: Parameters<typeof inMemory>[1] = {}) {
  const open = new Map<string, (outcome: Outcome) => void>();
  const begun: string[] = [];
  const work = (seat: Seat): Promise<Outcome> => {
    begun.push(seat.attempt.jobId);
    return new Promise((resolve) => {
      open.set(seat.attempt.jobId, resolve);
      seat.signal.addEventListener('abort', () =>
        resolve({ kind: 'failed', step: '', error: toRecord(new AgentError('aborted', 'x')) }),
      );
    });
  };
  const of = inMemory(services, { threads: fakeThreads(work), ...also });
  const end = async (id: string, outcome: Outcome = { kind: 'completed' }): Promise<void> => {
    open.get(`job-${id}`)?.(outcome);
    await settled();
  };
  const jobNow = async (id: string) => (await of.memory.services.findJob(`job-${id}`))?.job;
  const failed: Outcome = {
    kind: 'failed',
    step: 'dns',
    error: toRecord(new AgentError('dns_unreachable', 'x', { role: 'DNS', system: 'dns' })),
  };
  const made = runner(of.deps, () => 0);
  const begin = async (): Promise<void> => {
    await made.start();
    await settled();
  };
  return { ...of, begun, end, jobNow, failed, begin, runner: made };
}

t.test('one job of a service runs at a time, people first, and slots are kept for them', async (t) => {
  const bulk = { interactive: false };
  const of = engine([
    service('1', job('1a', { createdAt: at(1), ...bulk }), job('1b', bulk)),
    service('2', job('2', { createdAt: at(2), ...bulk })),
    service('3', job('3', { createdAt: at(3), ...bulk })),
    service('4', job('4', { createdAt: at(4), interactive: true })),
  ]);
  await of.begin();
  t.same(of.begun, ['job-4', 'job-1a', 'job-2']);
  t.same(of.runner.counts(), { running: 3, waiting: 1 });
  t.match(await of.jobNow('1a'), { status: 'running', attempts: 1, startedAt: NOW });
  t.equal(of.runner.overdue(), undefined, 'there is no slot');
  await of.end('1a');
  t.same(of.begun.slice(3), ['job-3'], 'the next of the same service stands behind those that came before');
  await of.end('2');
  t.same(of.begun.slice(4), ['job-1b']);
});

t.test('a new job begins at once, and its end is logged with what became of it', async (t) => {
  const of = engine([service('1')]);
  await of.begin();
  t.same(of.begun, []);
  await of.memory.services.commit('default/1', () => service('1', job('1')));
  await settled();
  t.same(of.begun, ['job-1']);
  await of.end('1');
  t.match(
    of.log.find(({ msg }) => /^an attempt of the job /.test(String(msg))),
    {
      ...{
        level: 30,
        job_id: 'job-1',
        service_id: '1',
        panel: 'default',
        method: 'stop',
        msg: 'an attempt of the job stop has ended; the job is completed',
        ending: 'completed',
        status: 'completed',
      },
    },
  );
  t.same(of.runner.counts(), { running: 0, waiting: 0 });
});

t.test('a job that waits begins when it is due', async (t) => {
  const waiting = { for: 'agent', since: NOW, until: at(5000) };
  const of = engine([service('1', job('1', { status: 'waiting', waiting }))]);
  await of.begin();
  await of.clock.turn(4999);
  t.same(of.begun, []);
  await of.clock.turn(1);
  await settled();
  t.same(of.begun, ['job-1']);
});

t.test(
  'a job that needs a system that is down waits without a thread, and goes on when that is back',
  async (t) => {
    const of = engine([service('1', job('1'))]);
    const pass = of.circuits.of('container-host', 'container host').enter();
    pass?.silent();
    await of.begin();
    t.same(of.begun, []);
    t.match(await of.jobNow('1'), {
      status: 'waiting',
      attempts: 0,
      waiting: { for: 'container host', until: at(1000) },
    });
    await of.clock.turn(999);
    t.same(of.begun, []);
    await of.clock.turn(1);
    await settled();
    t.same(of.begun, ['job-1'], 'it finds out whether the system is back');
  },
);

t.test('one job finds out for all, and all go on when the system is back', async (t) => {
  const of = engine(['1', '2'].map((id) => service(id, job(id, { interactive: true }))));
  const circuit = of.circuits.of('container-host', 'container host');
  circuit.enter()?.silent();
  await of.begin();
  await of.clock.turn(1000);
  await settled();
  t.equal(of.begun.length, 1);
  circuit.enter()?.answered();
  await settled();
  t.equal(of.begun.length, 2);
});

t.test('a job that runs into a system that is down waits, and is logged as a warning', async (t) => {
  const of = engine([service('1', job('1'))]);
  await of.begin();
  await of.end('1', of.failed);
  t.match(await of.jobNow('1'), {
    status: 'waiting',
    attempts: 0,
    waiting: { for: 'DNS' },
    error: { step: 'dns' },
  });
  t.match(
    of.log.find(({ msg }) => /^an attempt of the job /.test(String(msg))),
    { level: 40, ending: 'failed', status: 'waiting' },
  );
});

t.test('a cancelled job is ended while it runs, and one that has not begun never does', async (t) => {
  const of = engine([service('1', job('1')), service('2', job('2', { cancel: { at: NOW, undo: false } }))]);
  await of.begin();
  t.same(of.begun, ['job-1']);
  t.match(of.memory.archived, [{ id: 'job-2', status: 'cancelled' }]);
  await of.memory.services.commit('default/1', (current) => {
    if (!current) throw new Error('it is gone');
    return { ...current, jobs: current.jobs.map((one) => ({ ...one, cancel: { at: NOW, undo: false } })) };
  });
  await settled();
  t.match(of.memory.archived[1], { id: 'job-1', status: 'cancelled' });
});

t.test('what ran when the agent ended is counted as a crash, and begins again', async (t) => {
  const of = engine([service('1', job('1', { status: 'running', attempts: 1 }))]);
  await of.begin();
  t.same(of.begun, ['job-1']);
  t.match(await of.jobNow('1'), { status: 'running', crashes: 1, attempts: 1 });
  t.ok(of.log.some(({ level, job_id: id }) => level === 40 && id === 'job-1'));
});

t.test('a stuck job is told to a person', async (t) => {
  const undo = { direction: 'undo', attempts: 99, exceptions: 99 } as const;
  const of = engine([service('1', job('1', undo))]);
  await of.begin();
  await of.end('1', {
    kind: 'undo_failed',
    step: 'a',
    error: toRecord(new AgentError('module_failed', 'x', { retryable: false })),
  });
  t.match(
    of.log.find(({ alarm }) => alarm === 'job_stuck'),
    { level: 50, status: 'stuck', job_id: 'job-1' },
  );
});

t.test('a start that cannot be recorded is tried again after five seconds', async (t) => {
  const of = engine([service('1', job('1'))]);
  const change = of.memory.services.change.bind(of.memory.services);
  let full = true;
  of.memory.services.change = async (key, fn) => {
    if (full) throw new AgentError('state_unavailable', 'The disk is full.');
    return change(key, fn);
  };
  await of.begin();
  t.same(of.begun, []);
  t.ok(of.log.some(({ level, err }) => level === 50 && err !== undefined));
  full = false;
  await of.clock.turn(4999);
  t.same(of.begun, []);
  await of.clock.turn(1);
  await settled();
  t.same(of.begun, ['job-1']);
});

t.test('a stop waits for what runs, then ends it and hands it back; nothing new begins', async (t) => {
  const of = engine([service('1', job('1')), service('2')]);
  await of.begin();
  const stopped = of.runner.stop();
  await of.memory.services.commit('default/2', () => service('2', job('2')));
  await settled();
  t.same(of.begun, ['job-1']);
  await of.clock.turn(4_999);
  t.match(await of.jobNow('1'), { status: 'running' });
  await of.clock.turn(1);
  await settled();
  t.match(await of.jobNow('1'), { status: 'queued', attempts: 0 });
  await of.clock.turn(10_000);
  await stopped;
  t.equal(of.runner.overdue(), undefined);
});
