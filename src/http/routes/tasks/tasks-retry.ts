/** POST /tasks/retry */
import { Type } from 'typebox';
import { retryFailed } from '../../../tasks/manage-tasks.js';
import { whole } from '../../schemas/fields.js';
import { TaskModuleText, TaskTagText } from '../../schemas/task.js';
import { jsonRoute } from '../../server/endpoint.js';

export const retryTasksRoute = jsonRoute({
  call: 'POST /tasks/retry',
  id: 'retryFailedTasks',
  tag: 'Tasks',
  summary: 'Retry all failed tasks',
  description: 'Retries all failed tasks that match. Each of them gets all its tries again.',
  body: Type.Object({ module: Type.Optional(TaskModuleText), tag: Type.Optional(TaskTagText) }),
  answer: Type.Object({ retried: whole('The number of tasks that are queued again.', 3) }),
  answers: { 200: 'The tasks are queued again.' },
  failures: ['state_unavailable'],
  handle: async ({ body: { module, tag } }, { tasks, log }) => ({
    retried: await retryFailed({ records: tasks, log }, { module, tag }),
  }),
});
