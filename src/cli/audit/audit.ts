/** innkeeper audit */
import type { Command } from 'commander';
import { configFile } from '../shared/config-file.js';
import { formatCell } from '../shared/format-cell.js';
import { connectDaemon, type Fields } from '../shared/daemon.js';
import { readAll } from '../shared/ask.js';
import { CommandFailure } from '../shared/failure.js';
import { type Column, column, say, table } from '../shared/print.js';
import { agoOf } from '../shared/parse-duration.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';

interface AuditOptions {
  readonly config?: string;
  readonly since: string;
  readonly service?: string;
  readonly panel?: string;
  readonly json?: true;
}

const who = ({ token, user, uid }: Fields): unknown =>
  token ?? (uid === undefined ? null : `${formatCell(user)} (uid ${formatCell(uid)})`);

const result = ({ status, code, count }: Fields): string =>
  `${formatCell(status)}${code === null ? '' : ` ${formatCell(code)}`}${count === undefined ? '' : ` x${formatCell(count)}`}`;

const columns: readonly Column[] = [
  column('at'),
  { title: 'who', text: who },
  column('panel'),
  { title: 'from', text: ({ from, door }) => from ?? door },
  { title: 'call', text: ({ method, route }) => `${formatCell(method)} ${formatCell(route)}` },
  column('service', 'service_id'),
  { title: 'result', text: result },
  column('job', 'job_id'),
  column('request', 'request_id'),
];

export function addAuditCommand(program: Command): void {
  program
    .command('audit')
    .description('show the audit log: who requested which change, from where, and with what result')
    .option('--since <when>', 'only entries since this time: a timestamp, or an age such as 24h or 7d', '1d')
    .option('--service <id>', 'only entries about this service')
    .option('--panel <name>', 'only entries of this panel')
    .option('--json', 'print one JSON object per line instead of a table')
    .action(async (_, command: Command) => show(command.optsWithGlobals()));
}

async function show({ config, since, service, panel, json }: AuditOptions): Promise<void> {
  const from = agoOf(since, Date.now());
  if (from === undefined)
    throw new CommandFailure(
      `--since must be a duration such as 24h or a timestamp, not "${formatCell(since)}".`,
    );
  const daemon = await connectDaemon(configFile(config), panel ?? DEFAULT_PANEL);
  const entries = await readAll(daemon, '/audit', 'entries', { since: from, service_id: service, panel });
  if (!json) say(table(entries, columns));
  else for (const entry of entries) say(JSON.stringify(entry));
}
