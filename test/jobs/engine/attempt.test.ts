import t from 'tap';
import {
  AgentError,
  asAgentError,
  type ErrorCode,
  type ErrorRecord,
  toRecord,
} from '../../../src/kernel/errors.js';
import type { Job } from '../../../src/model/job.js';
import { runAttempt } from '../../../src/jobs/engine/attempt.js';
import type { Ending } from '../../../src/jobs/engine/policy.js';
import type { Outcome } from '../../../src/jobs/engine/protocol.js';
import type { StepEnd } from '../../../src/jobs/engine/step-logger.js';
import { aJob, aService, aStep, basicPlan } from '../../fakes/samples.js';
import { fakeThreads, type Seat } from '../../fakes/threads.js';
import { type Ask, inMemory, settled } from './in-memory.js';

const errorOf = (code: ErrorCode): ErrorRecord => toRecord(new AgentError(code, code));
const failed = (code: ErrorCode, step = ''): Outcome => ({ kind: 'failed', step, error: errorOf(code) });
const SHAPE = { after: [], undoable: true, pivot: false };

interface Options {
  readonly job?: Partial<Job>;
  readonly mayStart?: () => Promise<void>;
  readonly answer?: (ask: Ask) => Promise<string | undefined>;
}

function attempt(work: (seat: Seat) => Promise<Outcome>, { job: also = {}, mayStart, answer }: Options = {}) {
  const job = aJob({ status: 'running', policy: { ...aJob().policy, timeoutS: 10 }, ...also });
  const threads = fakeThreads(work, mayStart);
  const of = inMemory([aService({ jobs: [job] })], { threads, ...(answer ? { answer } : {}) });
  const drain = new AbortController();
  const stop = new AbortController();
  const ends: StepEnd[] = [];
  let ending: Ending | undefined;
  const run = async (): Promise<Ending> => {
    const subject = { kind: of.kind, key: 'default/12', value: await of.kind.get('default/12') };
    const deps = { ...of.deps, stepEnded: (end: StepEnd) => void ends.push(end) };
    ending = await runAttempt(deps, subject, job, { drain: drain.signal, stop: stop.signal });
    return ending;
  };
  const stepNow = async () => (await of.memory.services.get('default/12')).jobs[0]?.steps ?? [];
  return { ...of, drain, stop, run, ends, ending: () => ending, stepNow };
}
const declare = ({ call }: Seat, ...names: string[]) =>
  call({ name: 'flow.declare', args: { shapes: names.map((name) => ({ name, ...SHAPE })) } });
const begin = ({ call }: Seat, step: string, timeoutS?: number) =>
  call({
    name: 'step.begin',
    args: { step, direction: 'forward', ...(timeoutS === undefined ? {} : { timeoutS }) },
  });
const end = ({ call }: Seat, step: string, error?: ErrorRecord, direction: 'forward' | 'undo' = 'forward') =>
  call({ name: 'step.end', args: { step, direction, ...(error ? { error } : {}) } });
const aborted = ({ signal }: Seat): Promise<Outcome> =>
  new Promise((resolve) =>
    signal.addEventListener('abort', () =>
      resolve({ kind: 'failed', step: '', error: toRecord(signal.reason as AgentError) }),
    ),
  );

t.test('an attempt ends as its thread says', async (t) => {
  for (const outcome of [
    { kind: 'completed' },
    { kind: 'undone' },
    failed('dns_failed', 'dns'),
  ] satisfies Outcome[])
    t.same(await attempt(async () => outcome).run(), outcome);
  const back: Outcome = { kind: 'undo_failed', step: 'dns', error: errorOf('dns_failed') };
  t.same(await attempt(async () => back).run(), back);
});

t.test('a thread that ends without a word has crashed', async (t) => {
  const dies = (error?: Error) => attempt(async ({ die }) => (die(error), new Promise(() => {}))).run();
  t.same(await dies(new Error('out of memory')), { kind: 'crashed', detail: 'out of memory' });
  t.same(await dies(), { kind: 'crashed', detail: 'the thread of the job ended without a result' });
});

t.test('a thread that does not start has crashed, unless the agent is stopping', async (t) => {
  const start = (thrown: Error) =>
    attempt(async () => ({ kind: 'completed' }), { mayStart: () => Promise.reject(thrown) });
  t.match(await start(new Error('no memory')).run(), { kind: 'crashed', detail: /no memory/ });
  t.same(await start(new AgentError('aborted', 'x')).run(), {
    kind: 'crashed',
    detail: 'the thread of the job did not start',
  });
  for (const halt of ['drain', 'stop'] as const) {
    const one = start(new AgentError('aborted', 'x'));
    one[halt].abort();
    t.same(await one.run(), { kind: 'released' }, halt);
    t.equal(one.clock.sleepers, 0, 'nothing is left that waits');
  }
});

t.test('a stop hands the job back; what got to its end counts all the same', async (t) => {
  const stopped = async (work: (seat: Seat) => Promise<Outcome>, halt: 'drain' | 'stop' = 'stop') => {
    const one = attempt(work);
    const ending = one.run();
    await settled();
    one[halt].abort(new AgentError('aborted', 'The agent is stopping.'));
    return ending;
  };
  t.same(await stopped(aborted), { kind: 'released' });
  t.same(await stopped((seat) => aborted(seat).then(() => ({ kind: 'completed' }))), { kind: 'completed' });
  t.match(await stopped((seat) => aborted(seat).then(() => failed('dns_failed', 'dns'))), {
    kind: 'failed',
    step: 'dns',
  });
  const drained = attempt(async (seat) => {
    await declare(seat, 'a');
    drained.drain.abort();
    return begin(seat, 'a').then(
      () => ({ kind: 'completed' as const }),
      (error: unknown) => ({ kind: 'failed' as const, step: 'a', error: toRecord(asAgentError(error)) }),
    );
  });
  t.same(await drained.run(), { kind: 'released' }, 'no further step begins');
  t.match(await drained.stepNow(), [{ status: 'pending', begun: 0 }]);
});

t.test('a thread that does not heed the stop is ended after two seconds', async (t) => {
  const one = attempt(() => new Promise(() => {}));
  const ending = one.run();
  await settled();
  one.stop.abort(new AgentError('aborted', 'x'));
  await settled();
  await one.clock.turn(1999);
  t.equal(one.threads.terminated(), 0);
  await one.clock.turn(1);
  t.same(await ending, { kind: 'released' });
  t.equal(one.threads.terminated(), 1);
});

t.test("a thread has a minute to load, and the job's own time from then on", async (t) => {
  const slow = attempt(aborted);
  const loading = slow.run();
  await settled();
  await slow.clock.turn(59_999);
  t.equal(slow.ending(), undefined);
  await slow.clock.turn(1);
  t.same(await loading, { kind: 'timeout', step: '' });
  const loaded = attempt(async (seat) => {
    await declare(seat, 'a', 'b');
    await begin(seat, 'a');
    return aborted(seat);
  });
  const working = loaded.run();
  await settled();
  await loaded.clock.turn(9_999);
  t.equal(loaded.ending(), undefined);
  await loaded.clock.turn(1);
  t.same(await working, { kind: 'timeout', step: 'a' }, 'the step that was heard of last');
});

t.test('a step has a limit of its own, which ends with the step', async (t) => {
  const one = attempt(async (seat) => {
    await declare(seat, 'a', 'b', 'c');
    await begin(seat, 'a', 1);
    await end(seat, 'a');
    await begin(seat, 'b', 3);
    await begin(seat, 'c');
    return aborted(seat);
  });
  const ending = one.run();
  await settled();
  await one.clock.turn(2_999);
  t.equal(one.ending(), undefined);
  await one.clock.turn(1);
  t.same(await ending, { kind: 'timeout', step: 'b' });
});

t.test('what a thread names itself counts before what was heard of last', async (t) => {
  const one = attempt((seat) => aborted(seat).then(() => failed('job_timeout', 'named')));
  const ending = one.run();
  await settled();
  await one.clock.turn(60_000);
  t.same(await ending, { kind: 'timeout', step: 'named' });
  const done = attempt((seat) => aborted(seat).then(() => failed('dns_failed', 'named')));
  const other = done.run();
  await settled();
  await done.clock.turn(60_000);
  t.match(await other, { kind: 'failed', step: 'named' }, 'a failure of its own is no timeout');
});

t.test('waiting for a lease counts into no limit', async (t) => {
  let free = (): void => {};
  const one = attempt(
    async (seat) => {
      await declare(seat, 'a');
      await begin(seat, 'a', 5);
      await seat.call({ name: 'container.start', step: 'a', args: [] });
      return { kind: 'completed' };
    },
    {
      async answer({ context }) {
        context.onWait(true);
        await new Promise<void>((resolve) => (free = resolve));
        context.onWait(false);
        return undefined;
      },
    },
  );
  const ending = one.run();
  await settled();
  await one.clock.turn(100_000);
  free();
  t.same(await ending, { kind: 'completed' });
});

t.test('a step is answered what its call returns, or the error, and the log tells of a defect', async (t) => {
  const heard: unknown[] = [];
  const one = attempt(
    async (seat) => {
      await declare(seat, 'a');
      await begin(seat, 'a');
      for (const name of ['dns.ensure', 'dns.remove', 'ha.ensure', 'ha.remove'] as const)
        heard.push(
          await seat.call({ name, step: 'a', args: [1] }).catch((error: unknown) => asAgentError(error).code),
        );
      seat.say({ kind: 'log', level: 'warn', step: 'a', message: 'from the module', fields: { n: 1 } });
      return { kind: 'completed' };
    },
    {
      async answer({ name, args, context }) {
        t.match({ args, step: context.step, name: context.name }, { args: [1], step: 'a', name });
        if (name === 'dns.ensure') return 'text';
        if (name === 'dns.remove') return undefined;
        if (name === 'ha.ensure') throw new AgentError('dns_failed', 'No.');
        throw new TypeError('a defect');
      },
    },
  );
  await one.run();
  t.same(heard, ['text', null, 'dns_failed', 'internal_error']);
  const lines = one.log.filter(
    ({ msg }) => msg === 'a call of the module failed because of a bug in the agent',
  );
  t.match(lines, [
    { call: 'ha.remove', step: 'a', job_id: aJob().id, service_id: '12', request_id: 'req-1' },
  ]);
  t.equal(lines.length, 1);
  t.match(
    one.log.find(({ msg }) => msg === 'from the module'),
    { level: 40, step: 'a', n: 1 },
  );
});

t.test('a failure for good ends the calls of the other steps, one that may pass does not', async (t) => {
  const other = async (code: ErrorCode, direction: 'forward' | 'undo' = 'forward') => {
    let isEnded = false;
    const one = attempt(
      async (seat) => {
        await declare(seat, 'a', 'b');
        void seat.call({ name: 'dns.ensure', step: 'b', args: [] }).catch(() => {});
        await end(seat, 'a', errorOf(code), direction);
        await settled();
        return { kind: 'completed' };
      },
      {
        job: { direction },
        answer: ({ context: { signal } }) =>
          new Promise((resolve) => {
            const done = (): void => resolve(undefined);
            signal.addEventListener('abort', () => {
              isEnded = (signal.reason as Error).message === 'Another step failed.';
              done();
            });
          }),
      },
    );
    await one.run();
    return isEnded;
  };
  t.equal(await other('proxy_failed'), !errorOf('proxy_failed').retryable);
  t.equal(await other('recipe_failed'), true);
  t.equal(await other('dns_unreachable'), false);
  t.equal(await other('recipe_failed', 'undo'), false);
});

t.test('the journal and who counts hear of every step', async (t) => {
  const one = attempt(async (seat) => {
    await declare(seat, 'a', 'b', 'c');
    t.same(await begin(seat, 'a'), { notes: {} });
    t.equal(await seat.call({ name: 'step.note', args: { step: 'a', values: { x: 1 } } }), null);
    await seat.call({ name: 'step.end', args: { step: 'a', direction: 'forward', result: 7 } });
    await begin(seat, 'b');
    await end(seat, 'b', errorOf('dns_failed'));
    await begin(seat, 'c');
    await end(seat, 'c', errorOf('aborted'));
    await end(seat, 'a', undefined, 'undo');
    await end(seat, 'a', errorOf('dns_failed'), 'undo');
    return { kind: 'completed' };
  });
  await one.run();
  t.match(await one.stepNow(), [
    { status: 'undo_failed', notes: { x: 1 }, result: 7, begun: 1 },
    { status: 'failed', error: { code: 'dns_failed' } },
    { status: 'pending', begun: 1 },
  ]);
  t.same(
    one.ends.map(({ method, step, outcome }) => `${method} ${step} ${outcome}`),
    ['create a done', 'create b failed', 'create c aborted', 'create a undone', 'create a undo_failed'],
  );
  const levels = one.log
    .filter(({ msg }) => /^the step /.test(String(msg)))
    .map(({ msg, outcome, level, code }) => ({ msg, outcome, level, code }));
  t.match(levels, [
    { msg: 'the step a of create has completed', outcome: 'done', level: 30 },
    { msg: 'the step b of create has failed', outcome: 'failed', level: 40, code: 'dns_failed' },
    { msg: 'the step c of create was aborted', outcome: 'aborted', level: 30 },
    { msg: 'the step a of create was undone', outcome: 'undone', level: 30 },
    {
      msg: 'the step a of create could not be undone',
      outcome: 'undo_failed',
      level: 40,
      code: 'dns_failed',
    },
  ]);
});

t.test('a thread gets what its job is of, and on the way back what is to be undone', async (t) => {
  const steps = [
    aStep('a', { status: 'done', begun: 1, notes: { x: 1 }, result: 5, startedAt: '2026-01-01T00:00:01Z' }),
    aStep('b', { status: 'failed', begun: 1, startedAt: '2026-01-01T00:00:02Z' }),
    aStep('c'),
  ];
  const given = async (also: Partial<Job>) => {
    const one = attempt(async () => ({ kind: 'completed' }), { job: { steps, args: { y: 2 }, ...also } });
    await one.run();
    return one.threads.attempts[0];
  };
  const pinned = { ...aJob().pinned, settings: { z: 3 }, plan: basicPlan };
  t.match(await given({ pinned }), {
    ...{ jobId: aJob().id, modulePath: '/module.js', method: 'create', direction: 'forward', undo: [] },
    ...{ subject: { id: '12' }, settings: { z: 3 }, plan: basicPlan, args: { y: 2 } },
    steps: [{ name: 'a', status: 'done', notes: { x: 1 }, result: 5 }, { name: 'b' }, { name: 'c' }],
  });
  t.match(await given({ direction: 'undo' }), { direction: 'undo', undo: ['b', 'a'] });
});

t.test('a call that hangs after the stop is told of once', async (t) => {
  const one = attempt(
    (seat) => seat.call({ name: 'dns.ensure', step: 'a', args: [] }).then(() => ({ kind: 'completed' })),
    {
      answer: () => new Promise(() => {}),
    },
  );
  void one.run();
  await settled();
  one.stop.abort(new AgentError('aborted', 'x'));
  await settled();
  await one.clock.turn(120_000);
  t.match(
    one.log.filter(({ alarm }) => alarm === 'call_hangs'),
    [{ calls: ['dns.ensure'], step: 'a' }],
  );
});
