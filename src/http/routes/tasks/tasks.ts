/** GET /tasks, DELETE /tasks */
import { Type } from 'typebox';
import { listTasks } from '../../../tasks/list-tasks.js';
import { removeFailed } from '../../../tasks/manage-tasks.js';
import { type TaskView as View, viewTask } from '../../../tasks/view-task.js';
import type { Task } from '../../../model/task.js';
import { Cursor, Limit, NextCursor } from '../../schemas/common.js';
import { whole, word } from '../../schemas/fields.js';
import { TaskModuleText, TaskStatusText, TaskTagText, TaskView } from '../../schemas/task.js';
import { jsonRoute } from '../../server/endpoint.js';
import { longRoute } from '../../server/long-route.js';

function* viewsOf(tasks: readonly Task[]): Generator<View> {
  for (const task of tasks) yield viewTask(task);
}

export const tasksRoute = longRoute({
  call: 'GET /tasks',
  id: 'listTasks',
  tag: 'Tasks',
  summary: 'List tasks',
  description:
    'Returns all open and failed tasks of modules, and for each module the tasks that were completed ' +
    'most recently.',
  query: Type.Object({
    module: Type.Optional(TaskModuleText),
    status: Type.Optional(TaskStatusText),
    tag: Type.Optional(TaskTagText),
    limit: Type.Optional(Limit),
    cursor: Type.Optional(Cursor),
  }),
  answer: Type.Object({
    tasks: Type.Array(TaskView, { description: 'The tasks on this page.' }),
    next_cursor: NextCursor,
  }),
  done: 'One page of tasks, in the order in which they were added.',
  handle: async ({ query }, { tasks }, rest) => {
    const { limit = 100, ...filter } = query;
    const page = await listTasks(tasks, { ...filter, limit }, rest);
    return { tasks: viewsOf(page.items), next_cursor: page.next };
  },
});

export const removeTasksRoute = jsonRoute({
  call: 'DELETE /tasks',
  id: 'removeFailedTasks',
  tag: 'Tasks',
  summary: 'Remove failed tasks',
  description: 'Removes all failed tasks that match. Removed tasks cannot be retried.',
  query: Type.Object({
    status: word(['failed'], 'Only failed tasks can be removed.', 'failed'),
    module: Type.Optional(TaskModuleText),
    tag: Type.Optional(TaskTagText),
  }),
  answer: Type.Object({ removed: whole('The number of removed tasks.', 3) }),
  answers: { 200: 'The tasks are removed.' },
  failures: ['state_unavailable'],
  handle: async ({ query: { module, tag } }, { tasks, log }) => ({
    removed: await removeFailed({ records: tasks, log }, { module, tag }),
  }),
});
