/** A task in responses. */
import { Type } from 'typebox';
import { TASK_STATUSES } from '../../model/task.js';
import { JOB, SERVICE } from './examples.js';
import { instant, list, nullable, text, uuid, whole, word } from './fields.js';
import { ErrorView, WaitingView } from './job.js';

export const TaskIdText = Type.String({
  pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
  'x-rule': 'must be the ID of a task',
  description: 'The ID of the task.',
  examples: [JOB],
});

export const TaskParams = Type.Object({ id: TaskIdText });

export const TaskStatusText = word(
  TASK_STATUSES,
  'The status of the task. `queued`: the task begins as soon as its module has a free place, its delay is over, ' +
    'and all earlier tasks with the same key have ended. `waiting`: the task begins again at `waiting.until`. ' +
    '`failed`: the task has used up its tries, or its error was final.',
  'completed',
);

export const TaskModuleText = Type.String({
  pattern: '^[a-z]+/[a-z0-9-]{1,64}$',
  'x-rule': 'must be <type>/<name> of a module',
  description: 'If set, the request applies only to tasks of this module.',
  examples: ['product/wordpress'],
});

export const TaskTagText = Type.String({
  maxLength: 100,
  description: 'If set, the request applies only to tasks with this tag.',
  examples: ['service:12'],
});

export const TaskView = Type.Object(
  {
    id: uuid('The ID of the task.', JOB),
    module: text('The module whose function the task calls.', 'product/wordpress'),
    method: text('The name of the function.', 'syncUsage'),
    status: TaskStatusText,
    tags: list('The tags of the task: the method, `service:<id>`, and tags of the module.', ['syncUsage']),
    key: nullable(
      text(
        'Tasks of a module with the same key run one after the other. The value is null if the task waits for no other.',
        'host-1',
      ),
      null,
    ),
    panel: nullable(text('The panel of the service for which the task was added.', 'default')),
    service_id: nullable(
      text(
        'The service for which the task was added. The value is null if the task concerns no service.',
        SERVICE,
      ),
    ),
    event_id: nullable(text('The event for which the task was added.', JOB), null),
    attempts: whole('The number of tries, including one that is running.', 1),
    tries: whole('The maximum number of tries.', 3),
    not_before: nullable(instant('The earliest time at which the task begins.'), null),
    waiting: nullable(WaitingView, null),
    error: nullable(ErrorView, null),
    created_at: instant('The time at which the task was added.'),
    started_at: nullable(instant('The time at which the task began for the first time.')),
    ended_at: nullable(instant('The time at which the task ended.', '2026-03-01T12:00:41.000Z')),
  },
  { title: 'Task', description: 'One durable run of a function of a module.' },
);
