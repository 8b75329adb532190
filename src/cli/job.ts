/** innkeeper job list | show; finish-job.ts has the rest. */
import type { Command } from 'commander';
import { asking, type AskOptions, daemonOf, readAll } from './ask.js';
import { cell } from './cell.js';
import { type Fields, fieldsOf, listOf } from './daemon.js';
import { addDecisions, sayRemains } from './finish-job.js';
import { type Column, column, facts, say, sayJson, table } from './print.js';

interface ListOptions extends AskOptions {
  readonly status?: string;
  readonly service?: string;
  readonly tag?: string;
}

const why = (job: Fields): unknown => {
  const waiting = fieldsOf(job['waiting']);
  if (waiting['for'] !== undefined)
    return `waits for the ${cell(waiting['for'])} until ${cell(waiting['until'])}`;
  return fieldsOf(job['error'])['message'];
};

export const jobColumns: readonly Column[] = [
  column('id'),
  column('service', 'service_id'),
  column('method'),
  column('status'),
  column('step'),
  { title: 'done', text: (job) => `${cell(job['steps_done'])}/${cell(job['steps_total'])}` },
  column('created_at'),
  { title: 'why', text: why },
];

export function addJobCommands(program: Command): void {
  const job = program.command('job').description('what is being done, and what went wrong');
  asking(job.command('list').description('list open jobs, and the newest ended one of each service'))
    .option('--status <word>', 'queued, running, waiting, completed, failed, stuck or cancelled')
    .option('--service <id>', 'only of this service')
    .option('--tag <tag>', 'only with this tag')
    .action(async (_, command: Command) => list(command.optsWithGlobals()));
  asking(job.command('show').description('show one job, step by step'))
    .argument('<id>', 'id of the job')
    .action(async (id: string, _, command: Command) => show(id, command.optsWithGlobals()));
  addDecisions(job);
}

async function list(options: ListOptions): Promise<void> {
  const { status, service, tag } = options;
  const jobs = await readAll(await daemonOf(options), '/jobs', 'jobs', { status, service_id: service, tag });
  if (options.json) sayJson(jobs);
  else say(table(jobs, jobColumns));
}

async function show(id: string, options: AskOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const { success: _, ...job } = await daemon.call('GET', `/jobs/${encodeURIComponent(id)}`);
  if (options.json) {
    sayJson(job);
    return;
  }
  const error = fieldsOf(job['error']);
  const names = ['id', 'service_id', 'method', 'status', 'direction', 'attempts', 'request_id'];
  const instants = ['created_at', 'started_at', 'ended_at'];
  say(
    facts([
      ...[...names, ...instants].map((name) => [name, job[name]] as const),
      ['waiting', job['waiting'] === null ? null : why(job)],
      ['error', error['message']],
      ['code', error['code']],
      ['detail', error['detail']],
    ]),
  );
  const steps = listOf(job['steps']);
  const columns = ['name', 'status', 'after', 'started_at', 'ended_at'].map((name) => column(name));
  const problem = { title: 'error', text: (step: Fields) => fieldsOf(step['error'])['message'] };
  if (steps.length > 0) say(`\n${table(steps, [...columns, problem])}`);
  sayRemains(job);
}
