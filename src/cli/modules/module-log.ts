/** innkeeper module log */
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';
import { configFile } from '../shared/config-file.js';
import { connectDaemon, type Fields, listOf } from '../shared/daemon.js';
import { formatCell } from '../shared/format-cell.js';
import { say, sayJson } from '../shared/print.js';
import { modulePath } from './module-path.js';

interface LogOptions {
  readonly config?: string;
  readonly json?: true;
  readonly lines: string;
}

export async function moduleLog(name: string, { config, json, lines }: LogOptions): Promise<void> {
  const daemon = await connectDaemon(configFile(config), DEFAULT_PANEL);
  const query = new URLSearchParams({ limit: lines });
  const page = await daemon.call('GET', `${modulePath(name)}/log?${query.toString()}`);
  const found = listOf(page['lines']).reverse();
  if (json) sayJson(found);
  else say(found.length === 0 ? 'No lines.' : found.map(textOf).join('\n'));
}

function textOf({ at, level, message, fields, about, dropped }: Fields): string {
  const before = dropped === undefined ? '' : `(${formatCell(dropped)} lines were dropped)\n`;
  const details = [about, fields].filter((one) => one !== undefined && JSON.stringify(one) !== '{}');
  const line = [at, level, message].map(formatCell).join('  ');
  return `${before}${[line, ...details.map((one) => JSON.stringify(one))].join('  ')}`;
}
