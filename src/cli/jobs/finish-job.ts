/** innkeeper job retry | cancel | skip-step | abandon: what a person decides about a job. */
import type { Command } from 'commander';
import { asking, type AskOptions, daemonOf } from '../shared/ask.js';
import { fieldsOf, listOf } from '../shared/daemon.js';
import { say, sayJson } from '../shared/print.js';
import { formatCell } from '../shared/format-cell.js';

export function addDecisions(job: Command): void {
  asking(
    job.command('retry').description('let a stuck job go on where it stood, a waiting or held one at once'),
  )
    .argument('<id>', 'id of the job')
    .action(async (id: string, _, command: Command) => decide(command.optsWithGlobals(), id, 'retry'));
  asking(job.command('cancel').description('end a job before its time; what it did is taken back'))
    .argument('<id>', 'id of the job')
    .action(async (id: string, _, command: Command) => decide(command.optsWithGlobals(), id, 'cancel'));
  asking(job.command('skip-step').description('say that you have dealt with a step of a stuck job by hand'))
    .argument('<id>', 'id of the job')
    .argument('<step>', 'name of the step')
    .action(async (id: string, step: string, _, command: Command) =>
      decide(command.optsWithGlobals(), id, 'skip-step', { step }),
    );
  asking(job.command('abandon').description('give up a stuck job and leave what remains as it is'))
    .argument('<id>', 'id of the job')
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

/** What is left to be dealt with, and what to type next. */
export function printLeftovers(job: Readonly<Record<string, unknown>>): void {
  const remains = listOf(job['remains']);
  const stuck = job['status'] === 'stuck';
  if (remains.length > 0) {
    say(stuck ? '\nleft to be dealt with:' : '\nleft alone:');
    for (const one of remains)
      say(`  ${formatCell(one['step'])}: ${formatCell(one['what'] ?? fieldsOf(one)['thing'])}`);
  }
  if (!stuck) return;
  const id = formatCell(job['id']);
  say(
    [
      '',
      `once the cause is mended:    innkeeper job retry ${id}`,
      `a step was done by hand:     innkeeper job skip-step ${id} <step>, then retry`,
      `to leave everything alone:   innkeeper job abandon ${id}`,
    ].join('\n'),
  );
}
