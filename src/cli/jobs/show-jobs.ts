/** The commands of job.ts. */
import { type AskOptions, daemonOf, readAll } from '../shared/ask.js';
import { innkeeper } from '../../kernel/command-line.js';
import { formatCell } from '../shared/format-cell.js';
import { type Fields, fieldsOf, listOf } from '../shared/daemon.js';
import { column, facts, say, sayJson, table } from '../shared/print.js';
import { causeIn, jobColumns, why } from './job-columns.js';

export interface ListOptions extends AskOptions {
  readonly status?: string;
  readonly service?: string;
  readonly tag?: string;
}

export async function list(options: ListOptions): Promise<void> {
  const { status, service, tag } = options;
  const jobs = await readAll(await daemonOf(options), '/jobs', 'jobs', { status, service_id: service, tag });
  if (options.json) sayJson(jobs);
  else say(table(jobs, jobColumns));
}

export async function show(id: string, options: AskOptions): Promise<void> {
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

export async function decide(options: AskOptions, id: string, verb: string, body?: object): Promise<void> {
  const daemon = await daemonOf(options);
  const { success: _, ...job } = await daemon.call('POST', `/jobs/${encodeURIComponent(id)}/${verb}`, body);
  if (options.json) {
    sayJson(job);
    return;
  }
  say(
    `job ${formatCell(job['id'])} (${formatCell(job['method'])} of ${formatCell(job['service_id'])}): ${formatCell(job['status'])}`,
  );
  printLeftovers(job);
}

/** Prints the objects that remain, and the commands that end a stuck job. */
function printLeftovers(job: Readonly<Record<string, unknown>>): void {
  const remains = listOf(job['remains']);
  const stuck = job['status'] === 'stuck';
  if (remains.length > 0) {
    say(stuck ? '\nto be cleaned up:' : '\nleft in place:');
    for (const one of remains)
      say(`  ${formatCell(one['step'])}: ${formatCell(one['what'] ?? fieldsOf(one)['thing'])}`);
  }
  if (!stuck) return;
  const id = formatCell(job['id']);
  say(
    [
      '',
      `after fixing the cause:      innkeeper job retry ${id}`,
      `after completing a step:     innkeeper job skip-step ${id} <step>, then retry`,
      `to leave everything as is:   innkeeper job abandon ${id}`,
    ].join('\n'),
  );
}
