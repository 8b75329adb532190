/** innkeeper alerts */
import type { Command } from 'commander';
import { configFile } from './config-file.js';
import { connectDaemon, listOf } from './daemon.js';
import { column, say, sayJson, table } from './print.js';

interface AlertOptions {
  readonly config?: string;
  readonly all?: true;
  readonly json?: true;
}

export function addAlertCommand(program: Command): void {
  program
    .command('alerts')
    .description('what a person should look at')
    .option('--all', 'those too that have ended lately')
    .option('--json', 'print JSON instead of a table')
    .action(async (_, command: Command) => show(command.optsWithGlobals()));
}

async function show({ config, all, json }: AlertOptions): Promise<void> {
  const daemon = await connectDaemon(configFile(config), 'default');
  const answer = await daemon.call('GET', `/alerts${all ? '?all=true' : ''}`);
  const alerts = listOf(answer['alerts']);
  if (json) {
    sayJson(alerts);
    return;
  }
  const columns = ['alert', 'severity', 'panel', 'text'].map((name) => column(name));
  const ended = all ? [column('ended', 'cleared_at')] : [];
  say(table(alerts, [column('since', 'raised_at'), ...columns, ...ended]));
}
