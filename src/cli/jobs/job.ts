/** innkeeper job list | show; the other commands are in finish-job.ts. */
import type { Command } from 'commander';
import { asking } from '../shared/ask.js';
import { addDecisions } from './finish-job.js';

export function addJobCommands(program: Command): void {
  const job = program.command('job').description('show and manage jobs');
  asking(job.command('list').description('list open jobs, and the most recently ended job of each service'))
    .option('--status <word>', 'queued, running, waiting, completed, failed, stuck or cancelled')
    .option('--service <id>', 'only jobs of this service')
    .option('--tag <tag>', 'only jobs with this tag')
    .action(async (_, command: Command) => (await import('./show-jobs.js')).list(command.optsWithGlobals()));
  asking(job.command('show').description('show one job with its steps'))
    .argument('<id>', 'ID of the job')
    .action(async (id: string, _, command: Command) =>
      (await import('./show-jobs.js')).show(id, command.optsWithGlobals()),
    );
  addDecisions(job);
}
