/** The engine with subjects that are no services: it knows their jobs, and nothing else of them. */
import t from 'tap';
import { AgentError } from '../../../src/kernel/errors.js';
import { isOpen, type Job } from '../../../src/model/job.js';
import type { Attempt, Outcome } from '../../../src/jobs/engine/protocol.js';
import { runner } from '../../../src/jobs/engine/runner.js';
import type { Subject } from '../../../src/jobs/engine/subject.js';
import type { SubjectKind } from '../../../src/jobs/engine/subject-kind.js';
import { aJob, aService } from '../../fakes/samples.js';
import { fakeThreads, type Seat } from '../../fakes/threads.js';
import { inMemory, settled } from './in-memory.js';

/** A task of a module, such as the nightly transfer of its bookings. */
interface Task extends Subject {
  readonly rows: number;
  /** What its ended jobs left here. */
  readonly results: readonly string[];
}

const KEY = 'bookings/nightly';
const job = (id: string, also: Partial<Job> = {}): Job =>
  aJob({ id, method: 'module:product/bookings:copy', ...also });

function taskKind(first: Readonly<Record<string, Task>>) {
  const tasks = new Map(Object.entries(first));
  const listeners = new Set<(key: string, next: Task) => void>();
  const archived: string[] = [];
  const of = (key: string): Task => {
    const found = tasks.get(key);
    if (!found) throw new AgentError('internal_error', 'There is no such task.', { detail: key });
    return found;
  };
  const kind: SubjectKind<Task> = {
    name: 'task',
    get: async (key) => of(key),
    async commit(key, fn) {
      const changed = fn(of(key));
      tasks.set(key, changed.value);
      for (const listener of listeners) listener(key, changed.value);
      return changed;
    },
    archive: async (key, { id }) => void archived.push(`${key} ${id}`),
    withJob: (task, next) => ({
      ...task,
      jobs: task.jobs.map((one) => (one.id === next.id ? next : one)),
      results: isOpen(next) ? task.results : [...task.results, `${next.id} ${next.status}`],
    }),
    remains: () => [],
    *unfinished() {
      for (const [key, { jobs }] of tasks) if (jobs.some(isOpen)) yield key;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    logFields: (key) => ({ task: key }),
    view(task) {
      // its steps get what the kind gives, whatever that is
      const view: unknown = { rows: task.rows };
      return view as Attempt['subject'];
    },
    async call({ journal, step }, name, args) {
      const { rows } = await journal.subject();
      return { name, args: [...args] as string[], step, rows };
    },
  };
  return { kind, archived, task: () => of(KEY) };
}

t.test('a job of a task runs its steps, and its calls and its end are its own kind’s', async (t) => {
  const answers: unknown[] = [];
  const views: unknown[] = [];
  const work = async ({ attempt, call }: Seat): Promise<Outcome> => {
    views.push(attempt.subject);
    const shape = { name: 'copy', after: [], undoable: false, pivot: false };
    await call({ name: 'flow.declare', args: { shapes: [shape] } });
    await call({ name: 'step.begin', args: { step: 'copy', direction: 'forward' } });
    answers.push(await call({ name: 'site.fetch', step: 'copy', args: ['/bookings'] }));
    await call({ name: 'step.end', args: { step: 'copy', direction: 'forward', result: { copied: 7 } } });
    return { kind: 'completed' };
  };
  const { kind, task, archived } = taskKind({
    [KEY]: { rows: 7, results: [], jobs: [job('j1'), job('j2')] },
  });
  const of = inMemory([], { threads: fakeThreads(work) });
  const engine = runner({ ...of.deps, subjects: [kind] }, () => 0);
  await engine.start();
  await settled();
  const { jobs, results } = task();
  t.match(
    jobs.map(({ id, status, steps }) => ({ id, status, steps })),
    ['j1', 'j2'].map((id) => ({
      id,
      status: 'completed',
      steps: [{ status: 'done', result: { copied: 7 } }],
    })),
  );
  t.same(results, ['j1 completed', 'j2 completed']);
  t.same(archived, [`${KEY} j1`, `${KEY} j2`]);
  t.same(views, [{ rows: 7 }, { rows: 7 }]);
  t.same(answers[0], { name: 'site.fetch', args: ['/bookings'], step: 'copy', rows: 7 });
  t.match(
    of.log.find(({ msg }) => /^an attempt of the job /.test(String(msg))),
    { job_id: 'j1', task: KEY, ending: 'completed' },
  );
  t.same(of.memory.archived, [], 'nothing of it is written where services are');
});

t.test('lanes of two kinds never meet, also with the same key', async (t) => {
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const work = ({ attempt }: Seat): Promise<Outcome> => {
    begun.push(attempt.jobId);
    return new Promise((resolve) => ends.push(() => resolve({ kind: 'completed' })));
  };
  const of = inMemory(
    [aService({ id: '1', lifecycle: 'active', jobs: [aJob({ id: 'of-service', method: 'stop' })] })],
    { threads: fakeThreads(work) },
  );
  const tasks = taskKind({ 'default/1': { rows: 0, results: [], jobs: [job('of-task'), job('next')] } });
  const engine = runner({ ...of.deps, subjects: [of.kind, tasks.kind] }, () => 0);
  await engine.start();
  await settled();
  t.same([...begun].sort(), ['of-service', 'of-task'], 'side by side; of each subject one at a time');
  t.same(engine.counts(), { running: 2, waiting: 0 });
  ends.forEach((end) => end());
  await settled();
  t.same(begun.slice(2), ['next']);
});

t.test(
  'a task’s job that a dead agent left running is taken up again; a new one begins at once',
  async (t) => {
    const begun: string[] = [];
    const work = async ({ attempt }: Seat): Promise<Outcome> => {
      begun.push(attempt.jobId);
      return { kind: 'completed' };
    };
    const left = job('left', { status: 'running', attempts: 1 });
    const { kind, task } = taskKind({ [KEY]: { rows: 0, results: [], jobs: [left] } });
    const of = inMemory([], { threads: fakeThreads(work) });
    const engine = runner({ ...of.deps, subjects: [kind] }, () => 0);
    await engine.start();
    await settled();
    t.match(
      of.log.find(({ msg }) => msg === 'resuming an interrupted job'),
      { task: KEY, job_id: 'left' },
    );
    t.match(task().jobs, [{ crashes: 1 }]);
    while (begun.length === 0) {
      await of.clock.turn(1_000);
      await settled();
    }
    await kind.commit(KEY, (current) => ({
      value: { ...current, jobs: [...current.jobs, job('new')] },
      result: undefined,
    }));
    await settled();
    t.same(begun, ['left', 'new']);
    t.match(task().results, ['left completed', 'new completed']);
  },
);
