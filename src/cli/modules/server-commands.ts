/**
 * The commands about servers with their options. They are built only when one of them is called, because there are
 * many options.
 */
import { Command, InvalidArgumentError } from 'commander';
import {
  addServer,
  listServers,
  removeServer,
  type ServerOptions,
  showServer,
  testServer,
  updateServer,
  type ValueOptions,
} from './servers.js';

/** `words`: the words after `innkeeper module server`. */
export async function runServerCommand(
  parent: Command,
  words: readonly string[],
  common: { readonly config?: string },
): Promise<void> {
  const server = new Command('innkeeper module server')
    .copyInheritedSettings(parent)
    .showHelpAfterError('(run innkeeper module server --help for a list of commands)')
    .description('manage the servers on which a module creates accounts');
  const named = (name: string, description: string): Command =>
    server
      .command(name)
      .description(description)
      .argument('<type/name>', 'the module, e.g. product/panel')
      .option('--json', 'print JSON');
  const ofOne = (name: string, description: string): Command =>
    named(name, description).argument('<server>', 'ID or name of the server');
  named('list', 'list the servers of a module').action((name: string, own: ServerOptions) =>
    listServers(name, { ...common, ...own }),
  );
  ofOne('show', 'show a server, without its credentials').action(
    (name: string, word: string, own: ServerOptions) => showServer(name, word, { ...common, ...own }),
  );
  withValues(named('add', 'add a server').requiredOption('--name <name>', 'name of the server')).action(
    (name: string, own: ValueOptions) => addServer(name, { ...common, ...own }),
  );
  withValues(
    ofOne('update', 'change a server; what is not named stays as it is').option('--name <name>', 'new name'),
  ).action((name: string, word: string, own: ValueOptions) =>
    updateServer(name, word, { ...common, ...own }),
  );
  ofOne('remove', 'remove a server that has no accounts').action(
    (name: string, word: string, own: ServerOptions) => removeServer(name, word, { ...common, ...own }),
  );
  ofOne('test', 'test the connection to a server').action(
    async (name: string, word: string, own: ServerOptions) => {
      process.exitCode = await testServer(name, word, { ...common, ...own });
    },
  );
  await server.parseAsync([...words], { from: 'user' });
}

function withValues(command: Command): Command {
  return command
    .option('--host <host>', 'host name or address')
    .option('--port <number>', 'port (default: that of the module)', whole)
    .option('--group <name>', 'group of the server (default: default)')
    .option('--ca-file <file>', 'trust these certificates (PEM)')
    .option('--fingerprint <sha256>', 'accept only the certificate with this SHA-256 hash')
    .option('--no-tls', 'contact the server without TLS')
    .option('--max-accounts <number>', 'maximum number of accounts, or "none" for no limit', limit)
    .option('--active', 'let the server get new accounts')
    .option('--drain', 'let the server get no new accounts')
    .option('--data <json>', 'data of the module, as a JSON object')
    .option(
      '--credential <name=file>',
      'read a credential from a file, or from standard input with "-"; may be repeated',
      (value: string, all: string[] | undefined) => [...(all ?? []), value],
    );
}

function whole(text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number.');
}

function limit(text: string): number | null {
  return text === 'none' ? null : whole(text);
}
