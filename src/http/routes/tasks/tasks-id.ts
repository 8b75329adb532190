/** GET /tasks/{id} */
import { findTask } from '../../../tasks/manage-tasks.js';
import { viewTask } from '../../../tasks/view-task.js';
import { TaskParams, TaskView } from '../../schemas/task.js';
import { jsonRoute } from '../../server/endpoint.js';

export const taskRoute = jsonRoute({
  call: 'GET /tasks/:id',
  id: 'getTask',
  tag: 'Tasks',
  summary: 'Retrieve a task',
  description: 'Returns the task. Tasks that were completed long ago are no longer kept.',
  params: TaskParams,
  answer: TaskView,
  answers: { 200: 'The task.' },
  failures: ['task_not_found'],
  handle: ({ params }, { tasks }) => viewTask(findTask({ records: tasks }, params.id.toLowerCase())),
});
