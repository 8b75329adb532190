/** Tasks of a module have failed for good. There is one alert per module, because many tasks often have one cause. */
import { whyOf } from '../../kernel/cause.js';
import { innkeeper } from '../../kernel/command-line.js';
import { type MakeCondition, OF_AGENT } from '../condition.js';

export const taskFailed: MakeCondition =
  ({ failedTasks }) =>
  () =>
    failedTasks().map(({ module, count, last }) => ({
      kind: 'task_failed',
      subject: module,
      ...OF_AGENT,
      text: `${count === 1 ? 'A task' : `${count} tasks`} of the module ${module} failed. The last one is ${last.method}.${whyOf(last.error)}`,
      commands: [
        innkeeper(['task', 'list', '--status', 'failed', '--module', module]),
        innkeeper(['task', 'retry', '--failed', '--module', module]),
      ],
      data: { module, tasks: count, task_id: last.id, method: last.method, code: last.error?.code ?? null },
    }));
