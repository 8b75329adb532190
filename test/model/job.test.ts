import t from 'tap';
import { v7 as uuidV7 } from 'uuid';
import {
  DEFAULT_POLICY,
  isOpen,
  JOB_STATUSES,
  madeAt,
  progressOf,
  stepUnderWay,
} from '../../src/model/job.js';
import type { StepStatus } from '../../src/model/flow.js';
import { aJob, aStep } from '../fakes/samples.js';

t.test('a job is open until it has ended', async (t) => {
  t.same(
    JOB_STATUSES.filter((status) => isOpen({ status })),
    ['queued', 'running', 'waiting'],
  );
  t.same(
    JOB_STATUSES.filter((status) => !isOpen({ status })),
    ['completed', 'failed', 'stuck', 'cancelled'],
  );
});

t.test('the id of a job says when it was made', async (t) => {
  const msecs = Date.parse('2026-03-08T12:34:56.789Z');
  t.equal(madeAt(uuidV7({ msecs })), msecs);
});

t.test('progress counts what is done, and names the step under way, else the one to blame', async (t) => {
  const of = (statuses: readonly StepStatus[], blamed?: string) =>
    progressOf(
      aJob({
        steps: statuses.map((status, at) => aStep(`s${at}`, { status })),
        ...(blamed === undefined
          ? {}
          : { error: { code: 'internal_error', message: '', retryable: false, step: blamed } }),
      }),
    );
  for (const [what, statuses, blamed, step] of [
    ['running', ['done', 'pending', 'running'], undefined, 's2'],
    ['the first of two', ['running', 'running'], undefined, 's0'],
    ['undoing', ['failed', 'undoing'], 's0', 's1'],
    ['taken back', ['undone', 'undone'], 's1', 's1'],
    ['blamed, and done since', ['done', 'pending'], 's0', 's1'],
    ['failed', ['pending', 'failed'], undefined, 's1'],
    ['not taken back', ['pending', 'undo_failed'], undefined, 's1'],
    ['next', ['done', 'pending', 'pending'], undefined, 's1'],
    ['skipped and done', ['done', 'skipped'], undefined, null],
    ['none', [], undefined, null],
  ] as const)
    t.same(
      of(statuses, blamed),
      { step, stepsDone: statuses.filter((one) => one === 'done').length, stepsTotal: statuses.length },
      what,
    );
});

t.test('a step is under way while it is done or taken back', async (t) => {
  const steps = (...statuses: StepStatus[]) => ({
    steps: statuses.map((status) => aStep(status, { status })),
  });
  t.equal(stepUnderWay(steps('done', 'running'))?.name, 'running');
  t.equal(stepUnderWay(steps('failed', 'undoing'))?.name, 'undoing');
  t.equal(stepUnderWay(steps('pending', 'done', 'failed', 'undone', 'undo_failed', 'skipped')), undefined);
});

t.test(
  'a job is tried three times, an attempt takes ten minutes, and a system is waited for six hours',
  async (t) => {
    t.same(DEFAULT_POLICY, { tries: 3, backoffS: 5, timeoutS: 600, maxExceptions: 3, patienceS: 21_600 });
  },
);
