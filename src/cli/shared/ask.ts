/**
 * The common parts of all commands that query the daemon: their options, the connection, and the code that reads all
 * pages of a list.
 */
import type { Command } from 'commander';
import { configFile } from './config-file.js';
import { connectDaemon, type Daemon, type Fields, listOf } from './daemon.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';

export interface AskOptions {
  readonly config?: string;
  readonly panel: string;
  readonly json?: true;
}

export function asking(command: Command): Command {
  return command
    .option('--panel <name>', 'panel to which the services and jobs belong', DEFAULT_PANEL)
    .option('--json', 'print JSON instead of a table');
}

export function daemonOf(options: AskOptions): Promise<Daemon> {
  return connectDaemon(configFile(options.config), options.panel);
}

/** Reads all pages of a list. */
export async function readAll(
  daemon: Daemon,
  path: string,
  field: string,
  filters: Readonly<Record<string, string | undefined>>,
): Promise<Fields[]> {
  const rows: Fields[] = [];
  let cursor: unknown;
  do {
    const query = new URLSearchParams({ limit: '1000' });
    for (const [name, value] of Object.entries(filters)) if (value !== undefined) query.set(name, value);
    if (typeof cursor === 'string') query.set('cursor', cursor);
    const page = await daemon.call('GET', `${path}?${query.toString()}`);
    rows.push(...listOf(page[field]));
    cursor = page['next_cursor'];
  } while (typeof cursor === 'string');
  return rows;
}
