/** A step that waits for a condition uses neither a thread nor a slot nor a try meanwhile. */
import t, { type Test } from 'tap';
import { AgentError, asAgentError, toRecord } from '../../../src/kernel/errors.js';
import type { Job } from '../../../src/model/job.js';
import { shapeOf } from '../../../src/model/flow.js';
import { runFlow } from '../../../src/jobs/engine/flow-run.js';
import type { CallJournal } from '../../../src/jobs/engine/flow-run.js';
import { stepContext } from '../../../src/jobs/engine/step-context.js';
import { runner } from '../../../src/jobs/engine/runner.js';
import type { JobFlow } from '../../../src/modules/kit/module.js';
import { fakeThreads, type Seat } from '../../fakes/threads.js';
import { aJob, aService } from '../../fakes/samples.js';
import { type InMemory, inMemory, settled } from './in-memory.js';

const KEY = 'default/12';

/** Runs the flow as a thread does. */
const running =
  (flow: JobFlow) =>
  async ({ attempt, call, signal }: Seat) => {
    const journal: CallJournal = async (name, args) => {
      const given: unknown = { name, args };
      return (await call(given as Parameters<typeof call>[0])) as never;
    };
    const outside = { journal, ask: async () => null, log: () => {} };
    return runFlow({
      ...{ attempt, flow, journal, signal },
      contextFor: (seat) => stepContext(attempt, seat, outside, (key) => key),
    });
  };

async function engine(t: Test, flow: JobFlow, job: Partial<Job> = {}): Promise<InMemory> {
  t.ok(shapeOf(flow).length > 0);
  const made = aJob({ id: 'j1', policy: { ...aJob().policy, tries: 1, maxExceptions: 1 }, ...job });
  const of = inMemory([aService({ jobs: [made] })], { threads: fakeThreads(running(flow)) });
  await runner(of.deps, () => 0).start();
  await settled();
  return of;
}

const jobOf = async ({ memory }: InMemory): Promise<Job> => {
  const [job] = (await memory.services.get(KEY)).jobs;
  if (!job) throw new Error('there is no job');
  return job;
};
const pass = async ({ clock }: InMemory, ms: number): Promise<void> => {
  await clock.turn(ms);
  await settled();
};

t.test('the step runs again from its beginning, with its notes, until the condition is met', async (t) => {
  let ready = false;
  const begun: unknown[] = [];
  const of = await engine(t, {
    boot: {
      run: async (context) => {
        const { notes } = context;
        begun.push(notes['asked'] ?? null);
        if (notes['asked'] === undefined) await context.note({ asked: 'vm-7' });
        await context.waitUntil(() => true);
        return context.waitUntil(async () => (ready ? { ip: '10.0.0.7' } : null), { every: 30, atMost: 600 });
      },
    },
    beside: { run: async () => 'done' },
    after: { after: ['boot'], run: async () => undefined },
  });
  t.match(await jobOf(of), {
    ...{ status: 'waiting', attempts: 0, exceptions: 0, error: undefined },
    waiting: {
      for: 'condition of the step boot',
      since: /^2026-01-01T00:00:00/,
      until: /^2026-01-01T00:00:30/,
    },
    steps: [{ status: 'pending' }, { status: 'done' }, { status: 'pending', begun: 0 }],
  });
  await pass(of, 31_000);
  t.match(await jobOf(of), { status: 'waiting', waiting: { since: /^2026-01-01T00:00:00/ } });
  ready = true;
  await pass(of, 31_000);
  t.match(await jobOf(of), {
    ...{ status: 'completed', attempts: 1 },
    steps: [{ result: { ip: '10.0.0.7' }, begun: 3 }, { begun: 1 }, { status: 'done' }],
  });
  t.same(begun, [null, 'vm-7', 'vm-7']);
});

t.test('after the longest wait, the job is undone', async (t) => {
  const undone: string[] = [];
  const of = await engine(t, {
    boot: {
      run: async ({ waitUntil }) => waitUntil(() => false, { every: 60, atMost: 100 }),
      undo: async () => void undone.push('boot'),
    },
  });
  await pass(of, 61_000);
  t.match(await jobOf(of), { status: 'waiting' });
  await pass(of, 61_000);
  t.match(await jobOf(of), { status: 'failed', error: { code: 'condition_timeout', step: 'boot' } });
  t.same(undone, ['boot']);
});

t.test('no wait ends because of a clock that jumped', async (t) => {
  const of = await engine(t, {
    boot: { run: async ({ waitUntil }) => waitUntil(() => false, { every: 60, atMost: 100 }) },
  });
  of.clock.isTrusted = false;
  of.clock.jump(86_400_000);
  await pass(of, 61_000);
  t.match(await jobOf(of), { status: 'waiting' });
});

t.test('the failure of another step counts, and the wait does not hide it', async (t) => {
  const of = await engine(
    t,
    {
      boot: { run: async ({ waitUntil }) => waitUntil(() => false, { every: 5 }) },
      other: {
        run: async () => {
          throw new AgentError('module_failed', 'It failed.');
        },
      },
    },
    { policy: { ...aJob().policy, tries: 2, maxExceptions: 2 } },
  );
  t.match(await jobOf(of), { status: 'waiting', attempts: 1, exceptions: 1, error: { step: 'other' } });
});

t.test('an undo can wait, too', async (t) => {
  let gone = false;
  const of = await engine(t, {
    make: {
      run: async () => 'made',
      undo: async ({ waitUntil }) => {
        await waitUntil(() => gone, { every: 10 });
      },
    },
    fail: {
      after: ['make'],
      run: async () => {
        throw new AgentError('module_failed', 'It failed.', { retryable: false });
      },
    },
  });
  t.match(await jobOf(of), {
    status: 'waiting',
    direction: 'undo',
    waiting: { for: 'condition of the step make' },
  });
  gone = true;
  await pass(of, 11_000);
  t.match(await jobOf(of), { status: 'failed', error: { step: 'fail' } });
});

t.test('options out of range are the module’s mistake', async (t) => {
  for (const options of [{ every: 0 }, { every: 601 }, { atMost: 700_000 }, { every: Number.NaN }]) {
    const of = await engine(t, { boot: { run: async ({ waitUntil }) => waitUntil(() => false, options) } });
    t.match(await jobOf(of), { status: 'failed', error: { code: 'module_failed' } });
  }
  t.equal(toRecord(asAgentError(new AgentError('condition_pending', 'x'))).retryable, true);
});
