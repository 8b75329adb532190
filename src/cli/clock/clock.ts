/** innkeeper clock, innkeeper clock confirm */
import type { Command } from 'commander';
import { configFile } from '../shared/config-file.js';
import { connectDaemon, type Fields } from '../shared/daemon.js';
import { facts, say, sayJson } from '../shared/print.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';

interface ClockOptions {
  readonly config?: string;
  readonly json?: true;
}

export function addClockCommands(program: Command): void {
  const clock = program
    .command('clock')
    .description("show whether this machine's clock is trusted")
    .option('--json', 'print JSON')
    .action(async (_, command: Command) => run('GET', '/clock', command.optsWithGlobals()));
  clock
    .command('confirm')
    .description('confirm that the clock is correct, so that purges, erasures and log rotation resume')
    .option('--json', 'print JSON')
    .action(async (_, command: Command) => run('POST', '/clock/confirm', command.optsWithGlobals()));
}

async function run(method: 'GET' | 'POST', path: string, { config, json }: ClockOptions): Promise<void> {
  const daemon = await connectDaemon(configFile(config), DEFAULT_PANEL);
  const { success: _, ...fields } = await daemon.call(method, path);
  if (json) sayJson(fields);
  else say(report(fields));
}

function report({ trusted, host_time: host, agent_time: agent, doubt, off_s: off }: Fields): string {
  const lines = facts([
    ['trusted', trusted === true ? 'yes' : 'no'],
    ['host time', host],
    ['agent time', agent],
    ['doubt', doubt],
    ['difference (s)', off],
  ]);
  if (trusted === true) return lines;
  return (
    `${lines}\n\nWhile the clock is not trusted, purges, erasures and log rotation are postponed. ` +
    'If the host time is correct, run: innkeeper clock confirm'
  );
}
