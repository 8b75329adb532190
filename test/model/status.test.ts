import t from 'tap';
import type { Json } from '../../src/kernel/json.js';
import type { Job } from '../../src/model/job.js';
import { provisionStatus, settledPower, statusWord } from '../../src/model/status.js';
import { aJob, aStep } from '../fakes/samples.js';

t.test("a client's word for a service", async (t) => {
  const stuck = [{ status: 'stuck' as const }];
  for (const [lifecycle, jobs, power, word] of [
    ['terminated', stuck, 'running', 'terminated'],
    ['failed', [], 'running', 'failed'],
    ['active', stuck, 'running', 'failed'],
    ['suspended', [], 'running', 'suspended'],
    ['suspended', stuck, 'running', 'failed'],
    ['creating', [{ status: 'failed' as const }], 'unknown', 'processing'],
    ['active', [{ status: 'failed' as const }], 'stopped', 'stopped'],
    ['active', [], 'running', 'running'],
    ['active', [], 'unknown', 'unknown'],
    ['active', [], null, 'active'],
  ] as const)
    t.equal(statusWord({ lifecycle, jobs }, power), word, `${lifecycle}, ${power}`);
});

t.test("the module framework's word for it", async (t) => {
  const stuck = aJob({ status: 'stuck', method: 'stop' });
  for (const [lifecycle, jobs, word] of [
    ['terminated', [stuck], 'terminated'],
    ['active', [stuck], 'error'],
    ['failed', [stuck], 'error'],
    ['failed', [], 'failed'],
    ['suspended', [], 'suspended'],
    ['active', [], 'completed'],
    ['creating', [], 'pending'],
    ['creating', [aJob()], 'pending'],
    ['creating', [aJob({ attempts: 1 })], 'processing'],
    ['creating', [aJob({ attempts: 1, method: 'restore' })], 'processing'],
    ['creating', [aJob({ attempts: 1, method: 'suspend' })], 'pending'],
    ['creating', [aJob({ attempts: 1, status: 'failed' })], 'pending'],
  ] as const)
    t.equal(
      provisionStatus({ lifecycle, jobs }),
      word,
      `${lifecycle}: ${jobs.map(({ method }) => method).join()}`,
    );
});

t.test('the newest job that has completed says whether a guest runs', async (t) => {
  const at = (minute: number): string => `2026-01-01T00:0${minute}:00.000Z`;
  const job = (method: Job['method'], minute: number, also: Partial<Job> = {}): Job =>
    aJob({ method, status: 'completed', endedAt: at(minute), ...also });
  const told = (running: Json) => ({
    steps: [aStep('a'), aStep('b', { result: { running } })],
  });
  for (const [what, jobs, power, minute] of [
    ['by its kind', [job('stop', 1)], 'stopped', 1],
    ['the newer of two', [job('stop', 1), job('start', 2)], 'running', 2],
    ['in whatever order they stand', [job('start', 2), job('stop', 1)], 'running', 2],
    ['of one instant the later in the list', [job('stop', 1), job('start', 1)], 'running', 1],
    ['a step that says so', [job('upgrade', 1, told(true))], 'running', 1],
    ['a step that says otherwise', [job('upgrade', 1, told(false))], 'stopped', 1],
    ['a newer one that says nothing', [job('stop', 1), job('upgrade', 2)], 'stopped', 1],
    ['a newer one that failed', [job('stop', 1), job('start', 2, { status: 'failed' })], 'stopped', 1],
  ] as const)
    t.same(settledPower(jobs), { power, at: Date.parse(at(minute)) }, what);
  for (const [what, one] of [
    ['no word', job('upgrade', 1)],
    ['no boolean', job('upgrade', 1, told('yes'))],
    ['a list', job('upgrade', 1, { steps: [aStep('a', { result: [true] })] })],
    ['a text', job('upgrade', 1, { steps: [aStep('a', { result: 'running' })] })],
    ['not ended', job('start', 1, { endedAt: null })],
    ['failed', job('start', 1, { status: 'failed' })],
  ] as const)
    t.equal(settledPower([one]), null, what);
});
