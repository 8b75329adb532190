/** A job in answers. */
import { Type } from 'typebox';
import { Instant, nullable } from './common.js';
import { STEP_STATUSES } from '../../model/flow.js';
import { JOB_STATUSES } from '../../model/job.js';

export const JobStatusText = Type.Enum([...JOB_STATUSES]);

export const ErrorView = Type.Object(
  {
    code: Type.String(),
    message: Type.String({ description: 'One plain sentence that a customer may read.' }),
    step: nullable(Type.String()),
    detail: nullable(
      Type.String({ description: 'Only for operators: at the unix socket, or with the permission `admin`.' }),
    ),
  },
  { description: 'What went wrong.' },
);

export const StepView = Type.Object({
  name: Type.String(),
  after: Type.Array(Type.String()),
  status: Type.Enum([...STEP_STATUSES]),
  started_at: nullable(Instant),
  ended_at: nullable(Instant),
  error: nullable(ErrorView),
  waits_for: Type.Optional(
    Type.String({ description: 'Why a step under way takes longer than most, in plain words.' }),
  ),
});

export const RemainView = Type.Object(
  {
    step: Type.String(),
    thing: nullable(Type.String({ description: '`container`, `ha`, `snapshot`, `dns` or `proxy`.' })),
    what: nullable(Type.String({ description: '`container 1012 on pve2`. Only for operators.' })),
  },
  { description: 'What a stuck job has left to be dealt with, or an abandoned one has left alone.' },
);

export const WaitingView = Type.Object(
  {
    for: Type.String({ description: 'What it waits for.' }),
    reason: nullable(
      Type.String({
        description:
          'Why: `refused_us` (the system refuses the agent; the operator must act), `unreachable`, `busy`, or `unknown` (a failure that is tried again).',
      }),
    ),
    since: Instant,
    until: Type.String({ format: 'date-time', description: 'When it is tried again.' }),
  },
  { description: 'Present while the job waits.' },
);

export const jobProperties = {
  id: Type.String({ format: 'uuid' }),
  service_id: Type.String(),
  method: Type.String({ description: '`create`, ...' }),
  status: JobStatusText,
  direction: Type.Enum(['forward', 'undo']),
  tags: Type.Array(Type.String()),
  request_id: Type.String(),
  attempts: Type.Integer(),
  step: nullable(Type.String({ description: 'The step under way, or the one it stopped at.' })),
  steps_done: Type.Integer(),
  steps_total: Type.Integer(),
  steps: Type.Array(StepView),
  waiting: nullable(WaitingView),
  error: nullable(ErrorView),
  reason: nullable(ErrorView),
  remains: Type.Array(RemainView),
  abandoned_at: nullable(Instant),
  created_at: Instant,
  started_at: nullable(Instant),
  ended_at: nullable(Instant),
};

export const JobView = Type.Object(jobProperties);
