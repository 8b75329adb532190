/**
 * innkeeper job retry | cancel | skip-step | abandon: the commands with which an operator decides how a job continues
 * or ends.
 */
import type { Command } from 'commander';
import { asking, type AskOptions, daemonOf } from '../shared/ask.js';
import { fieldsOf, listOf } from '../shared/daemon.js';
import { say, sayJson } from '../shared/print.js';
import { formatCell } from '../shared/format-cell.js';

export function addDecisions(job: Command): void {
  asking(job.command('retry').description('resume a stuck job, or run a waiting or held job now'))
    .argument('<id>', 'ID of the job')
    .action(async (id: string, _, command: Command) => decide(command.optsWithGlobals(), id, 'retry'));
  asking(job.command('cancel').description('cancel a job and roll back its changes'))
    .argument('<id>', 'ID of the job')
    .action(async (id: string, _, command: Command) => decide(command.optsWithGlobals(), id, 'cancel'));
  asking(job.command('skip-step').description('mark a step of a stuck job as completed'))
    .argument('<id>', 'ID of the job')
    .argument('<step>', 'name of the step')
    .action(async (id: string, step: string, _, command: Command) =>
      decide(command.optsWithGlobals(), id, 'skip-step', { step }),
    );
  asking(job.command('abandon').description('give up a stuck job and leave its remaining objects in place'))
    .argument('<id>', 'ID of the job')
    .action(async (id: string, _, command: Command) => decide(command.optsWithGlobals(), id, 'abandon'));
}

async function decide(options: AskOptions, id: string, verb: string, body?: object): Promise<void> {
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
export function printLeftovers(job: Readonly<Record<string, unknown>>): void {
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
