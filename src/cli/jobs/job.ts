/** innkeeper job list | show; the other commands are in finish-job.ts. */
import type { Command } from 'commander';
import { asking, type AskOptions, daemonOf, readAll } from '../shared/ask.js';
import { causeOf } from '../../kernel/cause.js';
import { innkeeper } from '../../kernel/command-line.js';
import { formatCell } from '../shared/format-cell.js';
import { type Fields, fieldsOf, listOf } from '../shared/daemon.js';
import { addDecisions, printLeftovers } from './finish-job.js';
import { type Column, column, facts, say, sayJson, table } from '../shared/print.js';

interface ListOptions extends AskOptions {
  readonly status?: string;
  readonly service?: string;
  readonly tag?: string;
}

/**
 * Returns the remote system's own message, because the message for customers does not contain enough information for
 * operators.
 */
export function causeIn({ message, detail }: Fields): string | null {
  if (typeof message !== 'string') return null;
  return causeOf({ message, ...(typeof detail === 'string' ? { detail } : {}) });
}

const why = (job: Fields): unknown => {
  const waiting = fieldsOf(job['waiting']);
  const cause = causeIn(fieldsOf(job['error']));
  if (waiting['for'] === undefined) return cause;
  const text = `waits for the ${formatCell(waiting['for'])} until ${formatCell(waiting['until'])}`;
  return cause === null ? text : `${text} (${cause})`;
};

export const jobColumns: readonly Column[] = [
  column('id'),
  column('service', 'service_id'),
  column('method'),
  column('status'),
  column('step'),
  { title: 'done', text: (job) => `${formatCell(job['steps_done'])}/${formatCell(job['steps_total'])}` },
  column('created_at'),
  { title: 'why', text: why },
];

export function addJobCommands(program: Command): void {
  const job = program.command('job').description('show and manage jobs');
  asking(
    job.command('list').description('list open jobs, and the job of each service that ended most recently'),
  )
    .option('--status <word>', 'queued, running, waiting, completed, failed, stuck or cancelled')
    .option('--service <id>', 'only jobs of this service')
    .option('--tag <tag>', 'only jobs with this tag')
    .action(async (_, command: Command) => list(command.optsWithGlobals()));
  asking(job.command('show').description('show one job with its steps'))
    .argument('<id>', 'ID of the job')
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
  const reason = fieldsOf(job['reason']);
  const names = ['id', 'service_id', 'method', 'status', 'direction', 'attempts', 'request_id'];
  const instants = ['created_at', 'started_at', 'ended_at'];
  say(
    facts([
      ...[...names, ...instants].map((name) => [name, job[name]] as const),
      ['waiting', job['waiting'] === null ? null : why(job)],
      ['error', error['message']],
      ['code', error['code']],
      ['detail', error['detail']],
      ...(reason['message'] === undefined
        ? []
        : [['rolled back', `at ${formatCell(reason['step'])}: ${formatCell(causeIn(reason))}`] as const]),
    ]),
  );
  const steps = listOf(job['steps']);
  const columns = ['name', 'status', 'after', 'started_at', 'ended_at'].map((name) => column(name));
  const problem = {
    title: 'error',
    text: (step: Fields) => causeIn(fieldsOf(step['error'])) || formatCell(step['waits_for'] ?? ''),
  };
  if (steps.length > 0) say(`\n${table(steps, [...columns, problem])}`);
  printLeftovers(job);
  if (job['status'] === 'failed' && job['abandoned_at'] === null) await sayRetry(job, options.panel);
}

/**
 * Only an order that failed can be retried. The daemon checks this, and reports an error if there is nothing to retry.
 */
async function sayRetry({ method, service_id: id }: Fields, panel: string): Promise<void> {
  if (typeof id !== 'string' || typeof method !== 'string') return;
  const { isOrderedKind } = await import('../../model/job-kinds.js');
  if (!isOrderedKind(method)) return;
  say(`\nafter fixing the cause:  ${innkeeper(['service', 'retry', id], panel)}`);
}
