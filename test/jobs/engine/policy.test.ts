import t from 'tap';
import {
  AgentError,
  type ErrorCode,
  type ErrorRecord,
  type Failure,
  FAILURES,
  toRecord,
} from '../../../src/kernel/errors.js';
import { type Job, MAX_CRASHES, progressOf } from '../../../src/model/job.js';
import { type JobKind, kindData } from '../../../src/model/job-kinds.js';
import {
  afterAttempt,
  type Circumstances,
  type Ending,
  endsEarly,
  undoOrder,
  whenCancelled,
} from '../../../src/jobs/engine/policy.js';
import { aJob, aService, aStep } from '../../fakes/samples.js';
import { failedOrders } from '../../../src/model/failed-order.js';
import { settledPower } from '../../../src/model/status.js';
import { withJob } from '../../../src/services/outcomes.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const at = (ms = 0, random = 1): Circumstances => ({ kinds: kindData, now: NOW + ms, random });
const failed = (code: ErrorCode, step = 'container'): Ending => ({
  kind: 'failed',
  step,
  error: toRecord(new AgentError(code, code)),
});
const running = (also: Partial<Job> = {}): Job =>
  aJob({ status: 'running', attempts: 1, steps: [aStep('container', { begun: 1 })], ...also });

t.test('a completed attempt ends the job and forgets earlier trouble', async (t) => {
  const job = afterAttempt(
    running({ error: { code: 'dns_failed', message: 'x', retryable: false } }),
    { kind: 'completed' },
    at(),
  );
  t.equal(job.status, 'completed');
  t.equal(job.error, undefined);
  t.equal(job.endedAt, '2026-01-01T00:00:00.000Z');
});

t.test('an error for good turns the job back at once, with the step and the reason on record', async (t) => {
  const job = afterAttempt(running(), failed('recipe_failed', 'install'), at());
  t.match(job, {
    status: 'queued',
    direction: 'undo',
    attempts: 0,
    error: { code: 'recipe_failed', step: 'install' },
  });
});

t.test(
  'an error that may pass is tried again after a growing pause, until the tries are used up',
  async (t) => {
    const first = afterAttempt(running(), failed('container_host_timeout'), at());
    t.match(first, { status: 'waiting', exceptions: 1, waiting: { until: '2026-01-01T00:00:05.000Z' } });
    const second = afterAttempt(
      { ...first, status: 'running', attempts: 2 },
      failed('container_host_timeout'),
      at(),
    );
    t.match(second, { status: 'waiting', waiting: { until: '2026-01-01T00:00:10.000Z' } }, 'twice as long');
    const third = afterAttempt(
      { ...second, status: 'running', attempts: 3 },
      failed('container_host_timeout'),
      at(),
    );
    t.match(third, { status: 'queued', direction: 'undo' });
  },
);

t.test('half of the pause is random', async (t) => {
  const job = afterAttempt(running(), failed('container_host_timeout'), at(0, 0));
  t.equal(job.waiting?.until, '2026-01-01T00:00:02.500Z');
});

t.test('a system that is down costs no tries: the job waits for hours, then gives up', async (t) => {
  let job = running();
  const start = job.policy.patienceS * 1000;
  for (let ms = 0; ms < start; ms += 60_000) {
    job = afterAttempt(
      { ...job, status: 'running', attempts: job.attempts + 1 },
      failed('dns_unreachable', 'dns'),
      at(ms),
    );
    if (job.status !== 'waiting') t.fail(`gave up after ${ms} ms`);
  }
  t.equal(job.exceptions, 0);
  t.equal(job.waiting?.since, '2026-01-01T00:00:00.000Z', 'since the first failure');
  job = afterAttempt({ ...job, status: 'running' }, failed('dns_unreachable', 'dns'), at(start));
  t.match(job, { direction: 'undo', status: 'queued', error: { code: 'dns_unreachable' } });
});

t.test('crashes are counted apart from tries and end a job that kills the agent each time', async (t) => {
  let job = running();
  for (let crash = 1; crash < MAX_CRASHES; crash += 1) {
    job = afterAttempt({ ...job, status: 'running' }, { kind: 'crashed', detail: 'gone' }, at());
    t.match(job, { direction: 'forward', crashes: crash, exceptions: 0, attempts: 0 });
    t.equal(
      job.status,
      crash <= 2 ? 'queued' : 'waiting',
      'what may be the cause leaves time for the others',
    );
  }
  job = afterAttempt({ ...job, status: 'running' }, { kind: 'crashed', detail: 'gone' }, at());
  t.match(job, { direction: 'undo', error: { code: 'job_crashed', detail: 'gone' } });
});

t.test(
  'a job names the step that stopped it, also when that was taken back or killed the agent',
  async (t) => {
    const steps = [
      aStep('allocate', { status: 'done', begun: 1 }),
      aStep('container', { status: 'running', begun: 1 }),
      aStep('dns', { status: 'pending' }),
    ];
    const killed = afterAttempt(
      running({ steps, crashes: MAX_CRASHES - 1 }),
      { kind: 'crashed', detail: 'gone' },
      at(),
    );
    t.match(killed, { error: { code: 'job_crashed', step: 'container' } });
    const takenBack = { ...killed, status: 'failed' as const, endedAt: 'x' };
    const undone = steps.map((step) =>
      step.name === 'container' ? { ...step, status: 'undone' as const } : step,
    );
    t.equal(progressOf({ ...takenBack, steps: undone }).step, 'container', 'not the one that never began');
    const twoFailed = steps.map((step) =>
      step.status === 'done' ? step : { ...step, status: 'failed' as const },
    );
    const error = { ...toRecord(new AgentError('dns_failed', 'x')), step: 'dns' };
    t.equal(
      progressOf(running({ status: 'stuck', error, steps: twoFailed })).step,
      'dns',
      'not the first of the table',
    );
    t.equal(progressOf(running({ error, steps })).step, 'container', 'while one runs it is that one');
    t.equal(
      progressOf(running({ error: { ...error, step: 'allocate' }, steps: undone })).step,
      'dns',
      'one that is done by now stops nothing',
    );
  },
);

t.test('a graceful stop gives the try back', async (t) => {
  const job = afterAttempt(running({ attempts: 2 }), { kind: 'released' }, at());
  t.match(job, { status: 'queued', attempts: 1 });
});

/** Where a job stands when its step fails. */
const PLACES: Readonly<Record<string, Partial<Job>>> = {
  forward: {},
  'going back': { direction: 'undo' },
  'past a pivot': { steps: [aStep('container', { pivot: true, undoable: false, begun: 1 })] },
  'forward only': { method: 'removeDomain' },
  'a removal': { method: 'removeBackup' },
};
const FEW = 3;
const MANY = 20;
const HOURS = 3_600;
const WEEK = 7 * 24 * HOURS;

/** What becomes of a job whose step goes on failing so: tries that it gets in all, or seconds that it waits. */
const ENDS: Readonly<
  Record<Failure, Readonly<Record<keyof typeof PLACES, { tries: number } | { waits: number }>>>
> = {
  refused_us: {
    forward: { waits: 6 * HOURS },
    'going back': { waits: WEEK },
    'past a pivot': { waits: WEEK },
    'forward only': { waits: WEEK },
    'a removal': { waits: WEEK },
  },
  unreachable: {
    forward: { waits: 6 * HOURS },
    'going back': { waits: WEEK },
    'past a pivot': { waits: WEEK },
    'forward only': { waits: WEEK },
    'a removal': { waits: WEEK },
  },
  busy: {
    forward: { waits: 6 * HOURS },
    'going back': { waits: 6 * HOURS },
    'past a pivot': { waits: 6 * HOURS },
    'forward only': { waits: 6 * HOURS },
    'a removal': { waits: 6 * HOURS },
  },
  unknown: {
    forward: { tries: FEW },
    'going back': { tries: MANY },
    'past a pivot': { tries: MANY },
    'forward only': { tries: MANY },
    'a removal': { tries: MANY },
  },
  gone: everywhere({ tries: 1 }),
  conflict: everywhere({ tries: 1 }),
  refused_request: everywhere({ tries: 1 }),
};

function everywhere(end: { tries: number }): Record<string, { tries: number }> {
  return Object.fromEntries(Object.keys(PLACES).map((place) => [place, end]));
}

const recordOf = (failure: Failure): ErrorRecord =>
  toRecord(new AgentError('container_host_failed', 'x', { failure }));
const ending = (job: Job, error: ErrorRecord): Ending => ({
  kind: job.direction === 'undo' ? 'undo_failed' : 'failed',
  step: 'container',
  error,
});

/**
 * Fails the job again and again, each time when it says that it is due; how often and for how long (s), and what it
 * was before it gave up.
 */
function failOn(start: Job, error: ErrorRecord): { tries: number; seconds: number; last: Job } {
  let job = start;
  let now = NOW;
  for (let tries = 1; tries < 100_000; tries += 1) {
    const next = afterAttempt(job, ending(job, error), { kinds: kindData, now, random: 1 });
    if (next.status !== 'waiting') return { tries, seconds: (now - NOW) / 1000, last: next };
    now = Date.parse(next.waiting?.until ?? '');
    job = { ...next, status: 'running', attempts: next.attempts + 1 };
  }
  throw new Error('it never ends');
}

t.test('what becomes of a job is decided by the kind of its failure and by where it stands', async (t) => {
  for (const failure of FAILURES)
    for (const [place, also] of Object.entries(PLACES)) {
      const { tries, seconds, last } = failOn(running(also), recordOf(failure));
      const end = ENDS[failure][place];
      if (end && 'waits' in end) {
        t.ok(seconds >= end.waits && seconds < end.waits + 61, `${failure} ${place}: waits, ${seconds} s`);
        t.equal(last.exceptions, 0, 'and loses no try');
      } else t.equal(tries, end?.tries, `${failure} ${place}: tried so often`);
      const turnsBack = place === 'forward' || place === 'a removal';
      t.match(
        last,
        turnsBack ? { direction: 'undo', status: 'queued' } : { status: 'stuck' },
        `${failure} ${place}`,
      );
    }
});

t.test('an error that an older release recorded means what its code means', async (t) => {
  const old = (code: ErrorCode, retryable: boolean): ErrorRecord => ({ code, message: 'x', retryable });
  const recordFor = (code: ErrorCode): ErrorRecord => toRecord(new AgentError(code, 'x'));
  const after = (error: ErrorRecord) => afterAttempt(running(), ending(running(), error), at());
  t.match(after(old('container_host_unreachable', true)), { status: 'waiting', exceptions: 0 });
  t.match(after(old('container_host_refused', false)), { direction: 'undo' }, 'it was final then');
  t.match(after(old('container_host_failed', false)), { direction: 'undo' });
  t.match(after(old('container_host_timeout', true)), { status: 'waiting', exceptions: 1 });
  t.match(
    after(recordFor('template_missing')),
    { status: 'waiting', exceptions: 0 },
    'an order waits for it',
  );
  t.match(after(recordFor('host_incomplete')), { status: 'waiting', exceptions: 0 });
  t.match(after(recordFor('capacity_exhausted')), { status: 'waiting', exceptions: 0 });
});

t.test('an order for which no capacity comes ends with the reason when its patience does', async (t) => {
  const order = running({ policy: { ...running().policy, patienceS: 3600 } });
  const waiting = afterAttempt(order, failed('capacity_exhausted', 'allocate'), at());
  t.match(waiting, { status: 'waiting', waiting: { reason: 'busy' }, error: { step: 'allocate' } });
  const again = (ms: number) =>
    afterAttempt({ ...waiting, status: 'running' }, failed('capacity_exhausted', 'allocate'), at(ms));
  t.match(again(3_599_000), { status: 'waiting', attempts: 0 });
  const turned = again(3_600_000);
  t.match(turned, { status: 'queued', direction: 'undo', reason: { code: 'capacity_exhausted' } });
  const ended = afterAttempt({ ...turned, status: 'running' }, { kind: 'undone' }, at(3_601_000));
  t.match(ended, { status: 'failed', error: { code: 'capacity_exhausted' } });
  const service = withJob(aService({ jobs: [turned], addresses: [], vmid: null }), ended, '');
  t.match(failedOrders(service), [{ error: { code: 'capacity_exhausted' } }], 'which raises order_failed');
});

t.test('past a pivot nothing is taken back: a person is asked', async (t) => {
  const job = afterAttempt(
    running({ steps: [aStep('destroy', { pivot: true, begun: 1 })] }),
    failed('foreign_object'),
    at(),
  );
  t.match(job, { status: 'stuck', direction: 'forward' });
  t.ok(job.endedAt);
});

t.test('an undo that fails is tried again and in the end leaves the job stuck', async (t) => {
  const undo: Ending = {
    kind: 'undo_failed',
    step: 'container',
    error: toRecord(new AgentError('container_host_timeout', 'x')),
  };
  let job = running({ direction: 'undo' });
  job = afterAttempt(job, undo, at());
  t.equal(job.status, 'waiting');
  job = afterAttempt({ ...job, status: 'running', attempts: MANY }, undo, at());
  t.match(job, { status: 'stuck', error: { step: 'container' } });
});

t.test('an undone job has failed, and keeps the reason', async (t) => {
  const error = { ...toRecord(new AgentError('recipe_failed', 'x')), step: 'install' };
  const job = afterAttempt(running({ direction: 'undo', error }), { kind: 'undone' }, at());
  t.match(job, { status: 'failed', error: { step: 'install' }, endedAt: String });
});

t.test('steps are taken back newest first; those never begun or without an undo are left', async (t) => {
  const job = aJob({
    steps: [
      aStep('container', { begun: 1, status: 'done', startedAt: '2026-01-01T00:00:01.000Z' }),
      aStep('dns', { begun: 1, status: 'failed', startedAt: '2026-01-01T00:00:01.000Z' }),
      aStep('proxy', { begun: 1, status: 'undone', startedAt: '2026-01-01T00:00:01.000Z' }),
      aStep('install', { begun: 1, undoable: false, startedAt: '2026-01-01T00:00:02.000Z' }),
      aStep('ha', { begun: 2, status: 'pending', startedAt: '2026-01-01T00:00:03.000Z' }),
      aStep('publish'),
    ],
  });
  t.same(undoOrder(job), ['ha', 'dns', 'container']);
});

t.test('a cancelled job ends as it stands, or turns back first, or has come too far', async (t) => {
  const released: Ending = { kind: 'released' };
  const cancel = (undo: boolean) => ({ cancel: { at: '2026-01-01T00:00:00.000Z', undo } });
  t.match(afterAttempt(running(cancel(false)), released, at()), {
    status: 'cancelled',
    endedAt: '2026-01-01T00:00:00.000Z',
  });
  t.match(afterAttempt(running(cancel(false)), failed('recipe_failed'), at()), { status: 'cancelled' });
  t.match(afterAttempt(running(cancel(false)), { kind: 'completed' }, at()), { status: 'completed' });
  const back = afterAttempt(running(cancel(true)), released, at());
  t.match(back, { status: 'queued', direction: 'undo' });
  t.match(afterAttempt(back, { kind: 'undone' }, at()), { status: 'cancelled' });
  t.match(whenCancelled(aJob(cancel(true)), at()), { status: 'cancelled' }, 'nothing was begun');
  const tired = { ...cancel(true), status: 'waiting' as const, attempts: 7, exceptions: 3, crashes: 2 };
  t.match(
    whenCancelled(aJob({ ...tired, steps: [aStep('dns', { begun: 1, status: 'done' })] }), at()),
    { status: 'queued', direction: 'undo', attempts: 0, exceptions: 0, crashes: 0 },
    'the way back has all its tries',
  );
  const past = running({ ...cancel(true), steps: [aStep('disk', { pivot: true, begun: 1 })] });
  t.equal(whenCancelled(past, at()), undefined, 'past the pivot there is only forward');
});

t.test('a pivot that surely changed nothing can still be taken back', async (t) => {
  const power = aStep('power', { begun: 1, status: 'done' });
  const disk = (untouched: boolean) =>
    running({
      steps: [power, aStep('disk', { pivot: true, undoable: false, begun: 1, notes: { untouched } })],
    });
  t.match(afterAttempt(disk(true), failed('foreign_object', 'disk'), at()), {
    status: 'queued',
    direction: 'undo',
  });
  t.match(afterAttempt(disk(false), failed('foreign_object', 'disk'), at()), { status: 'stuck' });
});

t.test('what is known of the power outlives the next job, for as long as the cluster’s list may lag', (t) => {
  const second = (n: number): string => new Date(Date.UTC(2026, 2, 1, 12, 0, n)).toISOString();
  const done = (id: string, method: JobKind, at: string) =>
    aJob({ id, method, status: 'completed', endedAt: at });
  const started = done('a', 'start', second(0));
  const after = (...jobs: ReturnType<typeof done>[]) =>
    jobs.reduce(
      (service, job) => withJob({ ...service, jobs: [...service.jobs, job] }, job, job.endedAt ?? ''),
      aService({ lifecycle: 'active', jobs: [started] }),
    ).jobs;
  const soon = after(done('b', 'upgrade', second(3)), done('c', 'makeBackup', second(6)));
  t.match(settledPower(soon), { power: 'running', at: Date.parse(second(0)) });
  t.same(
    soon.map(({ id }) => id),
    ['a', 'c'],
  );
  t.same(
    after(done('b', 'stop', second(3))).map(({ id }) => id),
    ['b'],
    'newer word',
  );
  t.same(
    after(done('b', 'upgrade', second(20))).map(({ id }) => id),
    ['b'],
    'later the list knows',
  );
  t.end();
});

t.test('the pause before another try grows, and is ten minutes at the most', (t) => {
  const pause = (attempts: number): number => {
    const job = running({ attempts, direction: 'undo' });
    const next = afterAttempt(job, failed('container_host_timeout'), at());
    return Date.parse(next.waiting?.until ?? '') - NOW;
  };
  t.same([1, 2, 3].map(pause), [5_000, 10_000, 20_000]);
  t.same([8, 15].map(pause), [600_000, 600_000]);
  t.end();
});

t.test('a request that the record tells as done ends done, or stuck; never failed without a word', (t) => {
  for (const method of ['suspend', 'removeDomain'] as const) {
    const job = aJob({ method, status: 'running', crashes: MAX_CRASHES - 1 });
    t.match(
      afterAttempt(job, { kind: 'crashed', detail: 'gone' }, at()),
      { status: 'stuck', direction: 'forward', error: { code: 'job_crashed' } },
      method,
    );
  }
  t.end();
});

t.test('a reason that is given anew while it is being lifted stays', (t) => {
  const lifting = aJob({ id: 'u', method: 'unsuspend', args: { reason: 'billing' }, status: 'running' });
  const service = (...behind: Job[]) =>
    aService({ lifecycle: 'suspended', suspendedFor: ['billing'], jobs: [lifting, ...behind] });
  const after = (...behind: Job[]) =>
    withJob(service(...behind), { ...lifting, status: 'completed', endedAt: 'x' }, 'x');
  t.match(after(), { lifecycle: 'active', suspendedFor: [] });
  const again = aJob({ id: 's', method: 'suspend', args: { reason: 'billing' } });
  t.match(after(again), { lifecycle: 'suspended', suspendedFor: ['billing'] });
  const other = aJob({ id: 's', method: 'suspend', args: { reason: 'abuse' } });
  t.match(after(other), { suspendedFor: [] }, 'another reason is its own matter');
  t.end();
});

t.test('only an open job that is cancelled and not yet undone ends early', async (t) => {
  const cancel = { at: '2026-01-01T00:00:00.000Z', undo: true };
  t.ok(endsEarly(kindData, running({ cancel })));
  t.notOk(endsEarly(kindData, running()));
  for (const status of ['completed', 'failed', 'cancelled', 'stuck'] as const)
    t.notOk(endsEarly(kindData, running({ cancel, status })), status);
  t.notOk(endsEarly(kindData, running({ cancel, direction: 'undo' })));
});
