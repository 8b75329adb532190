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
    code: text('The error code. The table of errors lists all codes.', 'container_host_failed'),
    message: text(
      'The error as one plain sentence that a customer may read.',
      'The container host reported a failure.',
    ),
    step: nullable(
      text(
        'The step that failed. The value is null if the failure cannot be attributed to one particular ' +
          'step.',
        'container',
      ),
    ),
    detail: nullable(
      text(
        'The cause in technical terms. Only operators get this field: callers on the unix socket, and ' +
          'callers with the permission `admin`.',
        '',
      ),
      null,
    ),
  },
  { title: 'JobError', description: 'The error of a failed job or step.' },
);

export const StepView = Type.Object(
  {
    name: text('The name of the step.', 'container'),
    after: list('The steps that must be completed before this step starts.', ['prepare']),
    status: word(STEP_STATUSES, explained('The status of the step.', STEP_MEANINGS), 'done'),
    started_at: nullable(
      instant('The time at which the step started. The value is null if the step has not started.'),
    ),
    ended_at: nullable(
      instant(
        'The time at which the step ended. The value is null if the step has not ended.',
        '2026-03-01T12:00:41.000Z',
      ),
    ),
    error: nullable(ErrorView, null),
    waits_for: Type.Optional(
      Type.String({
        description:
          'What the step is waiting for, in plain words. The field is present only if the step takes ' +
          'longer than usual.',
      }),
    ),
  },
  { title: 'JobStep', description: 'One step of a job.' },
);

export const RemainView = Type.Object(
  {
    step: text('The step that created the object.', 'container'),
    thing: nullable(
      text(
        'The kind of object: `container`, `ha`, `snapshot`, `dns`, `proxy` or `account`. The value is null if the ' +
          'object is of none of these kinds.',
        'container',
      ),
    ),
    what: nullable(
      text('A description of the object. Only operators get this field.', 'container 1012 on pve2'),
    ),
  },
  {
    title: 'JobRemainder',
    description: 'An object that a stuck job still has to remove, or that an abandoned job left behind.',
  },
);

export const WaitingView = Type.Object(
  {
    for: text(
      'The kind of system that the job waits for, or what must happen before the job can continue.',
      'container host',
    ),
    reason: nullable(
      word(
        FAILURES,
        'Why the job waits. `unreachable`: the system does not respond. `refused_us`: the system ' +
          'rejects the agent itself (for example, its credentials), and an operator must act. `busy`: ' +
          'the system is busy with another task. `unknown`: the job failed unexpectedly and will be ' +
          'retried. The value is null if the job does not wait because of a system.',
        'unreachable',
      ),
    ),
    since: instant('The time at which the job began to wait.'),
    until: instant('The time at which the job will be retried.', '2026-03-01T12:00:30.000Z'),
  },
  { title: 'JobWaiting', description: 'The reason why a job waits, and when it will be retried.' },
);

/** The progress of a job. It is part of every job response, and of the summary of the open job in `/status`. */
export const progress = {
  step: nullable(
    text(
      'The current step, or the step at which the job stopped. The value is null if the job has no ' +
        'current step.',
      'install',
    ),
    null,
  ),
  steps_done: whole('The number of completed steps.', 9),
  steps_total: whole('The number of steps of the job. The number is 0 until the job has started.', 9),
};

export const JobMethod = text(
  'The operation of the job, such as `create`, `delete` or `makeBackup`.',
  'create',
);

export const JobView = Type.Object(
  {
    id: uuid('The ID of the job.', JOB),
    service_id: ServiceId,
    method: JobMethod,
    status: JobStatusText,
    direction: word(
      ['forward', 'undo'],
      '`forward`: the job is executing its steps. `undo`: the job is rolling back its changes.',
      'forward',
    ),
    tags: list('The tags of the job. `GET /jobs` can filter by tag.', ['create']),
    request_id: text('The ID of the request that started the job.', REQUEST),
    attempts: whole('The number of times that the job was started.', 1),
    ...progress,
    steps: Type.Array(StepView, { description: 'The steps of the job, in the order of their execution.' }),
    waiting: nullable(WaitingView, null),
    error: nullable(ErrorView, null),
    reason: nullable(
      described(
        ErrorView,
        'Why the job is being rolled back. The value is null if `error` already contains the reason, ' +
          'or if the job is not being rolled back.',
      ),
      null,
    ),
    remains: Type.Array(RemainView, {
      description: 'The objects that a stuck job still has to remove, or that an abandoned job left behind.',
      examples: [[]],
    }),
    abandoned_at: nullable(
      instant(
        'The time at which an operator abandoned the job. The value is null if no operator has done so.',
      ),
      null,
    ),
    created_at: instant('The time at which the job was recorded.'),
    started_at: nullable(
      instant('The time at which the job started. The value is null if the job has not started.'),
    ),
    ended_at: nullable(
      instant(
        'The time at which the job ended. The value is null if the job has not ended.',
        '2026-03-01T12:00:41.000Z',
      ),
    ),
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
    remains: list('What a stuck job still has to remove, in words that a customer may read.', []),
  },
  { title: 'OpenJob', description: 'A summary of the open or stuck job.' },
);
