/** What the journal makes of a step and of a job's end. */
import t from 'tap';
import { AgentError, type ErrorCode, toRecord } from '../../../src/kernel/errors.js';
import type { Job } from '../../../src/model/job.js';
import { journal } from '../../../src/jobs/engine/journal.js';
import { aJob, aService, aStep } from '../../fakes/samples.js';
import { inMemory } from './in-memory.js';

const KEY = 'default/12';
const NOW = '2026-01-01T00:00:00.000Z';
const errorOf = (code: ErrorCode) => toRecord(new AgentError(code, code));
const shape = (name: string, also: object = {}) => ({
  name,
  after: [],
  undoable: true,
  pivot: false,
  ...also,
});

function open(also: Partial<Job> = {}) {
  const { kind, clock, memory } = inMemory([aService({ jobs: [aJob({ status: 'running', ...also })] })]);
  const book = journal(kind, KEY, aJob().id, clock);
  const step = async (name: string) => (await book.job()).steps.find((one) => one.name === name);
  return { book, clock, memory, step };
}

t.test('a flow is declared once; steps of an older flow stay behind those of the new one', async (t) => {
  const { book, memory } = open();
  await book.declare([shape('a'), shape('b')]);
  const fresh = { status: 'pending', notes: {}, result: null, begun: 0, startedAt: null, endedAt: null };
  t.same((await book.job()).steps, [
    { ...shape('a'), ...fresh },
    { ...shape('b'), ...fresh },
  ]);
  await book.declare([shape('b'), shape('a')]);
  t.equal(memory.writes(), 1, 'the same steps are not written again');
  await book.begin('a', 'forward');
  await book.declare([shape('c'), shape('b', { pivot: true })]);
  t.match((await book.job()).steps, [
    { name: 'c' },
    { name: 'b', pivot: true },
    { name: 'a', status: 'running', begun: 1 },
  ]);
  await book.declare([shape('a'), shape('b'), shape('d')]);
  t.match((await book.job()).steps, [
    { name: 'a', begun: 1 },
    { name: 'b', pivot: false },
    { name: 'd' },
    { name: 'c' },
  ]);
});

t.test('a step that begins is counted, and keeps its first start and its notes', async (t) => {
  const error = errorOf('dns_failed');
  const { book, clock, step } = open({
    steps: [aStep('a', { status: 'failed', error, endedAt: NOW, notes: { x: 1 } })],
  });
  await clock.turn(1000);
  const begun = await book.begin('a', 'forward');
  const later = '2026-01-01T00:00:01.000Z';
  t.match(begun, { status: 'running', begun: 1, notes: { x: 1 }, startedAt: later, endedAt: null });
  t.notOk('error' in begun);
  await book.note('a', { y: 2 });
  await clock.turn(1000);
  t.match(await book.begin('a', 'forward'), { begun: 2, startedAt: later, notes: { x: 1, y: 2 } });
  t.match(await step('a'), { begun: 2 });
  await t.rejects(book.begin('none', 'forward'), { code: 'module_failed', retryable: false });
});

t.test('a pivot that begins is at stake again, and does not begin once the job is cancelled', async (t) => {
  const steps = [
    aStep('a', { pivot: true, notes: { untouched: true } }),
    aStep('b', { notes: { untouched: true } }),
  ];
  const { book } = open({ steps });
  t.same((await book.begin('a', 'forward')).notes, { untouched: false });
  t.same((await book.begin('b', 'forward')).notes, { untouched: true });
  const cancelled = open({ steps, cancel: { at: NOW, undo: true } });
  await t.rejects(cancelled.book.begin('a', 'forward'), { code: 'aborted' });
  t.match(await cancelled.step('a'), { begun: 0, status: 'pending' });
  t.match(await cancelled.book.begin('b', 'forward'), { status: 'running' });
});

t.test('how a step ends, forward and back', async (t) => {
  const error = errorOf('dns_failed');
  for (const [what, direction, thrown, expected] of [
    ['done', 'forward', undefined, { status: 'done', result: 5, endedAt: NOW }],
    [
      'failed',
      'forward',
      error,
      { status: 'failed', error: { code: 'dns_failed' }, result: null, endedAt: NOW },
    ],
    ['aborted', 'forward', errorOf('aborted'), { status: 'pending', result: null, endedAt: NOW }],
    ['undone', 'undo', undefined, { status: 'undone', result: null }],
    ['not undone', 'undo', error, { status: 'undo_failed', error: { code: 'dns_failed' } }],
    ['not undone, aborted', 'undo', errorOf('aborted'), { status: 'undo_failed' }],
  ] as const) {
    const { book, step } = open({ crashes: 3, steps: [aStep('a', { status: 'running', begun: 1 })] });
    await book.end('a', direction, 5, thrown);
    const ended = await step('a');
    t.match(ended, expected, what);
    t.equal(ended !== undefined && 'error' in ended, thrown !== undefined && what !== 'aborted', what);
    t.equal((await book.job()).crashes, thrown ? 3 : 0, `${what}: what gets on has not crashed`);
  }
  const back = open({ steps: [aStep('a', { status: 'failed', error, begun: 1 })] });
  t.match(await back.book.begin('a', 'undo'), { status: 'undoing', error: { code: 'dns_failed' }, begun: 1 });
});

t.test('a job that ends is archived, and a stuck one says what is left', async (t) => {
  const { book, memory } = open({ steps: [aStep('a', { status: 'failed', begun: 1, concerns: 'dns' })] });
  await book.change((job) => job);
  t.equal(memory.writes(), 0, 'the same job is not written');
  await book.change((job) => ({ ...job, attempts: 7 }));
  t.equal(memory.archived.length, 0);
  const stuck = await book.change((job) => ({ ...job, status: 'stuck', endedAt: NOW }));
  t.match(stuck.remains, [{ step: 'a', thing: 'dns', what: 'DNS record anna.sandbox.test' }]);
  t.match(memory.archived, [{ status: 'stuck' }]);
  await book.change((job) => ({ ...job, attempts: 8 }));
  t.equal(memory.archived.length, 1, 'once');
  await book.changeSubject((service) => ({ ...service, email: 'b@example.com' }));
  t.equal((await book.subject()).email, 'b@example.com');
  await t.rejects(journal(inMemory([aService()]).kind, KEY, 'x', open().clock).job(), {
    code: 'job_not_found',
  });
});
