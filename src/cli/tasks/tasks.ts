/** The commands of task.ts. */
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';
import { readAll } from '../shared/ask.js';
import { configFile } from '../shared/config-file.js';
import { connectDaemon, type Daemon, type Fields, fieldsOf } from '../shared/daemon.js';
import { CommandFailure } from '../shared/failure.js';
import { formatCell } from '../shared/format-cell.js';
import { type Column, column, facts, say, sayJson, table } from '../shared/print.js';

export interface TaskOptions {
  readonly config?: string;
  readonly json?: true;
  readonly module?: string;
  readonly tag?: string;
  readonly status?: string;
  readonly failed?: true;
}

const COLUMNS: readonly Column[] = [
  ...['id', 'module', 'method', 'status'].map((name) => column(name)),
  column('service', 'service_id'),
  { title: 'tries', text: ({ attempts, tries }) => `${formatCell(attempts)}/${formatCell(tries)}` },
  column('created_at'),
  { title: 'why', text: whyOf },
];

export async function listTasks(options: TaskOptions): Promise<void> {
  const { module, tag, status } = options;
  const tasks = await readAll(await daemonOf(options), '/tasks', 'tasks', { module, tag, status });
  if (options.json) sayJson(tasks);
  else say(table(tasks, COLUMNS));
}

export async function showTask(id: string, options: TaskOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const { success: _, ...task } = await daemon.call('GET', `/tasks/${encodeURIComponent(id)}`);
  sayTask(task, options);
}

export async function retryTasks(id: string | undefined, options: TaskOptions): Promise<void> {
  if ((id === undefined) !== (options.failed === true))
    throw new CommandFailure('Give the ID of a task, or --failed for all failed tasks that match.');
  const daemon = await daemonOf(options);
  if (id !== undefined) {
    const { success: _, ...task } = await daemon.call('POST', `/tasks/${encodeURIComponent(id)}/retry`, {});
    sayTask(task, options);
    return;
  }
  const { module, tag } = options;
  const body = { ...(module === undefined ? {} : { module }), ...(tag === undefined ? {} : { tag }) };
  const { retried } = await daemon.call('POST', '/tasks/retry', body);
  if (options.json) sayJson({ retried });
  else say(`${formatCell(retried)} tasks are queued again`);
}

export async function flushTasks(options: TaskOptions): Promise<void> {
  const query = new URLSearchParams({ status: 'failed' });
  for (const name of ['module', 'tag'] as const) {
    const value = options[name];
    if (value !== undefined) query.set(name, value);
  }
  const { removed } = await (await daemonOf(options)).call('DELETE', `/tasks?${query.toString()}`);
  if (options.json) sayJson({ removed });
  else say(`${formatCell(removed)} failed tasks were removed`);
}

function daemonOf({ config }: TaskOptions): Promise<Daemon> {
  return connectDaemon(configFile(config), DEFAULT_PANEL);
}

function sayTask(task: Fields, { json }: TaskOptions): void {
  if (json) {
    sayJson(task);
    return;
  }
  const { waiting: _, error, tags, ...rest } = task;
  const { message, code, detail } = fieldsOf(error);
  const shown = Object.entries({ ...rest, tags: Array.isArray(tags) ? tags.join(', ') : tags });
  say(facts([...shown, ['waiting', waitOf(task)], ['error', message], ['code', code], ['detail', detail]]));
}

function whyOf(task: Fields): string {
  const { message, detail } = fieldsOf(task['error']);
  const cause =
    typeof message === 'string' ? [message, detail].filter(Boolean).map(formatCell).join(' ') : '';
  return [waitOf(task), cause].filter((text) => text !== null && text !== '').join('; ');
}

function waitOf(task: Fields): string | null {
  const { for: what, until } = fieldsOf(task['waiting']);
  return what === undefined ? null : `waits for the ${formatCell(what)} until ${formatCell(until)}`;
}
