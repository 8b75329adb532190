/** innkeeper task list | show | retry | flush */
import type { Command } from 'commander';
import type { TaskOptions } from './tasks.js';

type Run = (id: string | undefined, options: TaskOptions) => Promise<void>;

export function addTaskCommands(program: Command): void {
  const task = program.command('task').description('show and manage the tasks of modules');
  const add = (name: string, description: string, argument: string | null, json: string, run: Run) => {
    const command = task.command(name).description(description).option('--json', json);
    if (argument !== null) command.argument(argument, 'ID of the task');
    return command.action(async (...args: unknown[]) => {
      const id = typeof args[0] === 'string' ? args[0] : undefined;
      await run(id, command.optsWithGlobals());
    });
  };
  const filtered = (command: Command): Command =>
    command
      .option('--module <type/name>', 'only tasks of this module')
      .option('--tag <tag>', 'only tasks with this tag');
  filtered(
    add(
      'list',
      'list open and failed tasks, and the newest completed ones',
      null,
      TABLE,
      async (_, options) => (await import('./tasks.js')).listTasks(options),
    ),
  ).option('--status <word>', 'queued, running, waiting, completed or failed');
  add('show', 'show one task', '<id>', 'print JSON', async (id = '', options) =>
    (await import('./tasks.js')).showTask(id, options),
  );
  filtered(
    add('retry', 'retry one task, or all failed ones', '[id]', 'print JSON', async (id, options) =>
      (await import('./tasks.js')).retryTasks(id, options),
    ),
  ).option('--failed', 'retry all failed tasks that match');
  filtered(
    add('flush', 'remove all failed tasks that match', null, 'print JSON', async (_, options) =>
      (await import('./tasks.js')).flushTasks(options),
    ),
  );
}

const TABLE = 'print JSON instead of a table';
