/** POST /tasks/{id}/retry */
import { retryTask } from '../../../tasks/manage-tasks.js';
import { viewTask } from '../../../tasks/view-task.js';
import { TaskParams, TaskView } from '../../schemas/task.js';
import { jsonRoute } from '../../server/endpoint.js';

export const retryTaskRoute = jsonRoute({
  call: 'POST /tasks/:id/retry',
  id: 'retryTask',
  tag: 'Tasks',
  summary: 'Retry a task',
  description:
    'A failed task gets all its tries again. A waiting or delayed task begins as soon as there is a free ' +
    'place. A running task is not changed.',
  params: TaskParams,
  answer: TaskView,
  answers: { 200: { when: 'The task is queued again, or is running.', example: { status: 'queued' } } },
  failures: ['task_not_found', 'task_ended', 'state_unavailable'],
  handle: async ({ params }, { tasks, log }) =>
    viewTask(await retryTask({ records: tasks, log }, params.id.toLowerCase())),
});
