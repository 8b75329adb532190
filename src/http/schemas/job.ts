/** A job in responses. */
import { Type } from 'typebox';
import { FAILURES } from '../../kernel/errors.js';
import { STEP_STATUSES } from '../../model/flow.js';
import { JOB_STATUSES } from '../../model/job.js';
import { ServiceId } from './common.js';
import { JOB, REQUEST } from './examples.js';
import { described, instant, list, nullable, text, uuid, whole, withExample, word } from './fields.js';
import { explained, JOB_STATUS_MEANINGS, STEP_MEANINGS } from './states.js';

export const JobIdText = Type.String({
  pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
  'x-rule': 'must be the ID of a job',
  description: 'The ID of the job.',
  examples: [JOB],
});

export const JobStatusText = word(
  JOB_STATUSES,
  explained('The status of the job.', JOB_STATUS_MEANINGS),
  'completed',
);

export const ErrorView = Type.Object(
  {
    code: text('The error code, as in the table of errors.', 'container_host_failed'),
    message: text('One plain sentence that a customer may read.', 'The container host reported a failure.'),
    step: nullable(text('The step that failed. Null: the failure concerns no single step.', 'container')),
    detail: nullable(
      text(
        'The cause in technical terms. Only for operators: at the unix socket, or with the permission `admin`.',
        '',
      ),
      null,
    ),
  },
  { title: 'JobError', description: 'Why a job or one of its steps failed.' },
);

export const StepView = Type.Object(
  {
    name: text('The name of the step.', 'container'),
    after: list('Steps that must be completed before this one starts.', ['prepare']),
    status: word(STEP_STATUSES, explained('The status of the step.', STEP_MEANINGS), 'done'),
    started_at: nullable(instant('When the step started. Null: it has not started.')),
    ended_at: nullable(instant('When the step ended. Null: it has not ended.', '2026-03-01T12:00:41.000Z')),
    error: nullable(ErrorView, null),
    waits_for: Type.Optional(
      Type.String({
        description: 'What a step that takes longer than usual is waiting for, in plain words.',
      }),
    ),
  },
  { title: 'JobStep', description: 'One step of a job.' },
);

export const RemainView = Type.Object(
  {
    step: text('The step that left it.', 'container'),
    thing: nullable(
      text(
        'The kind of object: `container`, `ha`, `snapshot`, `dns` or `proxy`. Null: nothing outside the ' +
          'container.',
        'container',
      ),
    ),
    what: nullable(text('The object. Only for operators.', 'container 1012 on pve2')),
  },
  {
    title: 'JobRemainder',
    description:
      'An object that a stuck job still has to clean up, or that an abandoned job has left behind.',
  },
);

export const WaitingView = Type.Object(
  {
    for: text('The kind of system that the job waits for, or what must happen first.', 'container host'),
    reason: nullable(
      word(
        FAILURES,
        'Why the job waits: `unreachable` (the system does not respond), `refused_us` (the system ' +
          'refuses the agent; an operator must act), `busy` (the system is working on something else) or ' +
          '`unknown` (a failure that will be retried). Null: not because of a system.',
        'unreachable',
      ),
    ),
    since: instant('Since when the job has been waiting.'),
    until: instant('When the job is retried.', '2026-03-01T12:00:30.000Z'),
  },
  { title: 'JobWaiting', description: 'What a waiting job waits for.' },
);

/** The progress of a job: of every job, and of the open one in a status. */
export const progress = {
  step: nullable(
    text('The current step, or the step at which the job stopped. Null: there is none.', 'install'),
    null,
  ),
  steps_done: whole('The number of completed steps.', 9),
  steps_total: whole('The number of steps of the job. 0 until it has started.', 9),
};

export const JobMethod = text('What the job does: `create`, `delete`, `makeBackup`, ...', 'create');

export const JobView = Type.Object(
  {
    id: uuid('The ID of the job.', JOB),
    service_id: ServiceId,
    method: JobMethod,
    status: JobStatusText,
    direction: word(
      ['forward', 'undo'],
      '`forward`: it does its work. `undo`: it rolls back its changes.',
      'forward',
    ),
    tags: list('Tags by which `GET /jobs` can find the job.', ['create']),
    request_id: text('The ID of the request that started the job.', REQUEST),
    attempts: whole('How often the job was started.', 1),
    ...progress,
    steps: Type.Array(StepView, { description: 'The steps of the job, in their order.' }),
    waiting: nullable(WaitingView, null),
    error: nullable(ErrorView, null),
    reason: nullable(
      described(
        ErrorView,
        'Why the job is being rolled back, if this differs from `error`. Null: it does not.',
      ),
      null,
    ),
    remains: Type.Array(RemainView, {
      description: 'What a stuck job still has to clean up, or an abandoned job has left behind.',
      examples: [[]],
    }),
    abandoned_at: nullable(instant('When an operator abandoned the job. Null: it was not abandoned.'), null),
    created_at: instant('When the job was recorded.'),
    started_at: nullable(instant('When the job started. Null: it has not started.')),
    ended_at: nullable(instant('When the job ended. Null: it has not ended.', '2026-03-01T12:00:41.000Z')),
  },
  { title: 'Job', description: 'A durable unit of work on one service.' },
);

export const OpenJob = Type.Object(
  {
    id: uuid('The ID of the job.', JOB),
    method: JobMethod,
    status: withExample(JobStatusText, 'running'),
    ...progress,
    waiting: nullable(WaitingView, null),
    remains: list('What a stuck job still has to clean up, in words for customers.', []),
  },
  { title: 'OpenJob', description: 'A summary of the open or stuck job.' },
);
