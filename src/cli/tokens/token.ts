/** innkeeper token create | list | rotate | revoke */
import type { Command } from 'commander';
import { asking, type AskOptions, daemonOf } from '../shared/ask.js';
import { listOf } from '../shared/daemon.js';
import { CommandFailure } from '../shared/failure.js';
import { formatCell } from '../shared/format-cell.js';
import { column, facts, say, sayJson, table } from '../shared/print.js';
import { parseDuration } from '../shared/parse-duration.js';

interface RotateOptions extends AskOptions {
  readonly now?: boolean;
  readonly overlap: string;
}

interface CreateOptions extends AskOptions {
  readonly name: string;
  readonly permissions?: string;
  readonly expires?: string;
  readonly networks?: string;
}

export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('manage the API tokens of panels');
  asking(token.command('create').description('create a token and print it once'))
    .requiredOption('--name <name>', 'name of the token, usually the panel that uses it, e.g. paymenter')
    .option(
      '--permissions <list>',
      'comma-separated list (default: all permissions that a panel needs; "admin" includes everything)',
    )
    .option(
      '--expires <when>',
      'when the token expires: after a duration such as 12h, 90d or 1y, or at a timestamp such as ' +
        '2027-01-31T00:00:00Z',
    )
    .option(
      '--networks <list>',
      'comma-separated list of addresses or networks from which the token may be used',
    )
    .action(async (_, command: Command) => create(command.optsWithGlobals()));
  asking(token.command('list').description('list the tokens of all panels')).action(
    async (_, command: Command) => list(command.optsWithGlobals()),
  );
  asking(token.command('rotate').description('give a token a new value, and print the value once'))
    .argument('<id>', 'ID of the token, or its name if no other active token has this name')
    .option('--overlap <span>', 'how long the old value remains valid, e.g. 0, 12h or 7d', '1d')
    .option(
      '--now',
      'revoke all earlier values immediately, including those that previous rotations replaced',
    )
    .action(async (id: string, _, command: Command) => rotate(id, command.optsWithGlobals()));
  asking(token.command('revoke').description('revoke a token immediately'))
    .argument('<id>', 'ID of the token, or its name if no other active token has this name')
    .action(async (id: string, _, command: Command) => revoke(id, command.optsWithGlobals()));
}

async function create(options: CreateOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const made = await daemon.call('POST', '/tokens', {
    name: options.name,
    panel: options.panel,
    ...(options.permissions === undefined ? {} : { permissions: words(options.permissions) }),
    ...(options.expires === undefined ? {} : { expires_at: readExpiry(options.expires, Date.now()) }),
    ...(options.networks === undefined ? {} : { networks: words(options.networks) }),
  });
  sayMade(made, options);
}

function sayMade(made: Readonly<Record<string, unknown>>, options: AskOptions): void {
  if (options.json) {
    sayJson(made);
    return;
  }
  say(formatCell(made['token']));
  // Standard output contains only the token, so that it can be piped.
  process.stderr.write(
    `${facts([
      ['id', made['id']],
      ['panel', made['panel']],
      ['permissions', made['permissions']],
      ['expires', made['expires_at']],
      ['old value valid until', made['former_until']],
    ])}\nThis ` + 'is the only time the token is shown.\n',
  );
  const { texts, id } = made;
  if (typeof texts === 'number' && texts > 2)
    process.stderr.write(
      `This token has ${texts} valid values now. "innkeeper token rotate ${formatCell(id)} --now" ` +
        'creates a new value and revokes all others.\n',
    );
}

async function list(options: AskOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const tokens = listOf((await daemon.call('GET', '/tokens'))['tokens']);
  if (options.json) {
    sayJson(tokens);
    return;
  }
  const state = { title: 'state', text: stateOf };
  const columns = ['id', 'name', 'panel', 'permissions', 'networks'].map((name) => column(name));
  say(table(tokens, [...columns, column('expires', 'expires_at'), state]));
}

function stateOf(token: Readonly<Record<string, unknown>>): string {
  if (token['live'] === true) return 'live';
  return token['revoked_at'] === null ? 'expired' : 'revoked';
}

async function rotate(id: string, options: RotateOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const overlap = options.overlap === '0' ? 0 : parseDuration(options.overlap);
  if (overlap === undefined)
    throw new CommandFailure(
      `--overlap must be 0 or a duration such as 12h, not "${formatCell(options.overlap)}".`,
    );
  const path = `/tokens/${encodeURIComponent(id)}/rotate`;
  sayMade(
    await daemon.call('POST', path, { overlap_s: overlap / 1000, ...(options.now ? { now: true } : {}) }),
    options,
  );
}

async function revoke(id: string, options: AskOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const revoked = await daemon.call('DELETE', `/tokens/${encodeURIComponent(id)}`);
  if (options.json) sayJson(revoked);
  else say(`Token ${formatCell(revoked['id'])} (${formatCell(revoked['name'])}) has been revoked.`);
}

function words(list: string): string[] {
  return list.split(',').map((word) => word.trim());
}

/** RFC 3339. Throws CommandFailure. */
export function readExpiry(text: string, now: number): string {
  const span = parseDuration(text);
  const at = span === undefined ? Date.parse(text) : now + span;
  if (Number.isNaN(at)) {
    throw new CommandFailure(
      `--expires must be a duration such as 90d or a timestamp, not "${formatCell(text)}".`,
    );
  }
  return new Date(at).toISOString();
}
