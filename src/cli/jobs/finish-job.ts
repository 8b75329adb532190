/**
 * innkeeper job retry | cancel | skip-step | abandon: the commands with which an operator decides how a job continues
 * or ends.
 */
import type { Command } from 'commander';
import { asking, type AskOptions } from '../shared/ask.js';

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
  await (await import('./show-jobs.js')).decide(options, id, verb, body);
}
