/** innkeeper alerts */
import type { Command } from 'commander';
import { configFile } from '../shared/config-file.js';
import { formatCell } from '../shared/format-cell.js';
import { connectDaemon, type Fields, listOf } from '../shared/daemon.js';
import { CommandFailure } from '../shared/failure.js';
import { type Colours, say, sayJson } from '../shared/print.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';

interface AlertOptions {
  readonly config?: string;
  readonly all?: true;
  readonly json?: true;
}

export function addAlertCommand(program: Command): void {
  const alerts = program
    .command('alerts')
    .description('list active alerts')
    .option('--all', 'include alerts that were cleared recently')
    .option('--json', 'print JSON')
    .action(async (_, command: Command) => show(command.optsWithGlobals()));
  alerts
    .command('test')
    .description('send a test alert to every hook and show the results')
    .action(async (_, command: Command) => test(command.optsWithGlobals()));
}

async function test({ config, json }: AlertOptions): Promise<void> {
  const daemon = await connectDaemon(configFile(config), DEFAULT_PANEL);
  const hooks = listOf((await daemon.call('POST', '/alerts/test', {}))['hooks']);
  if (hooks.length === 0)
    throw new CommandFailure('The configuration has no alerts.hooks, so no test alert can be sent.');
  if (json) sayJson(hooks);
  else
    for (const { hook, problem } of hooks)
      say(`${formatCell(hook)}: ${problem === null ? 'delivered' : formatCell(problem)}`);
  const failed = hooks.filter(({ problem }) => problem !== null).length;
  if (failed > 0) throw new CommandFailure(`${failed} of ${hooks.length} hooks failed.`);
}

async function show({ config, all, json }: AlertOptions): Promise<void> {
  const daemon = await connectDaemon(configFile(config), DEFAULT_PANEL);
  const answer = await daemon.call('GET', `/alerts${all ? '?all=true' : ''}`);
  const alerts = listOf(answer['alerts']);
  if (json) {
    sayJson(alerts);
    return;
  }
  say(alerts.length === 0 ? 'No alert is active.' : alerts.map(paragraph).join('\n\n'), COLOURS);
}

/** Matches the severity, which follows the times in lines that are not indented. */
const COLOURS: Colours = {
  at: /^[^\s]+(?: to [^\s]+)? {2}(?<word>critical|warning) {2}/gm,
  of: { critical: 'red', warning: 'yellow' },
};

/**
 * Prints alerts as text instead of a table, because their texts are too long for a column, and operators must be able
 * to copy the commands in them.
 */
function paragraph(alert: Fields): string {
  const { raised_at: since, cleared_at: ended, alert: kind, severity, panel, text, commands } = alert;
  const times = `${formatCell(since)}${ended === null ? '' : ` to ${formatCell(ended)}`}`;
  const of = panel === null ? '' : `  panel ${formatCell(panel)}`;
  const lines = [`${times}  ${formatCell(severity)}  ${formatCell(kind)}${of}`, `  ${formatCell(text)}`];
  const helps = ended === null && Array.isArray(commands) ? commands : [];
  return [...lines, ...helps.map((command) => `    ${formatCell(command)}`)].join('\n');
}
