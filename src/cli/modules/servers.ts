/** Carries out the commands about servers. Credentials are read from files, because others can see arguments. */
import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { configFile } from '../shared/config-file.js';
import { connectDaemon, type Daemon, type Fields, fieldsOf, listOf } from '../shared/daemon.js';
import { CommandFailure, EXIT } from '../shared/failure.js';
import { formatCell } from '../shared/format-cell.js';
import { column, facts, say, sayJson, table } from '../shared/print.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';

export interface ServerOptions {
  readonly config?: string;
  readonly json?: true;
}

export interface ValueOptions extends ServerOptions {
  readonly name?: string;
  readonly host?: string;
  readonly port?: number;
  readonly group?: string;
  readonly caFile?: string;
  readonly fingerprint?: string;
  readonly tls: boolean;
  readonly maxAccounts?: number | null;
  readonly active?: true;
  readonly drain?: true;
  readonly data?: string;
  readonly credential?: readonly string[];
}

/** The daemon waits up to 15 s for the server. */
const TEST_PATIENCE_MS = 40_000;
const COLUMNS = ['id', 'name', 'group', 'host', 'port', 'accounts', 'max_accounts', 'active', 'reachable'];

export async function listServers(module: string, options: ServerOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const servers = await serversOf(daemon, pathOf(module));
  if (options.json) sayJson(servers);
  else
    say(
      table(
        servers,
        COLUMNS.map((name) => column(name)),
      ),
    );
}

export async function showServer(module: string, word: string, options: ServerOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const path = pathOf(module);
  print(await serverOf(daemon, path, word), options);
}

export async function addServer(module: string, options: ValueOptions): Promise<void> {
  if (options.host === undefined) throw new CommandFailure('--host is missing.');
  const daemon = await daemonOf(options);
  const { success: _, ...server } = await daemon.call('POST', pathOf(module), await valuesOf(options));
  print(server, options);
}

export async function updateServer(module: string, word: string, options: ValueOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const path = pathOf(module);
  const values = await valuesOf(options);
  if (Object.keys(values).length === 0) throw new CommandFailure('Nothing to change was given.');
  const { id } = await serverOf(daemon, path, word);
  const { success: _, ...server } = await daemon.call('PATCH', `${path}/${String(id)}`, values);
  print(server, options);
}

export async function removeServer(module: string, word: string, options: ServerOptions): Promise<void> {
  const daemon = await daemonOf(options);
  const path = pathOf(module);
  const { id, name } = await serverOf(daemon, path, word);
  const { success: _, ...removed } = await daemon.call('DELETE', `${path}/${String(id)}`);
  if (options.json) sayJson(removed);
  else say(`Server ${formatCell(id)} (${formatCell(name)}) has been removed.`);
}

/** Resolves with the exit code. */
export async function testServer(module: string, word: string, options: ServerOptions): Promise<number> {
  const daemon = await daemonOf(options);
  const path = pathOf(module);
  const { id } = await serverOf(daemon, path, word);
  const result = await daemon.call('POST', `${path}/${String(id)}/test`, {}, TEST_PATIENCE_MS);
  const { success: _, ...shown } = result;
  if (options.json) sayJson(shown);
  else say(facts(Object.entries(shown)));
  return result['connected'] === true ? EXIT.done : EXIT.failed;
}

function daemonOf({ config }: ServerOptions): Promise<Daemon> {
  return connectDaemon(configFile(config), DEFAULT_PANEL);
}

function pathOf(module: string): string {
  const [type = '', name, ...rest] = module.split('/');
  if (name === undefined || rest.length > 0)
    throw new CommandFailure(`Expected <type>/<name>, for example product/panel, found "${module}".`);
  return `/modules/${encodeURIComponent(type)}/${encodeURIComponent(name)}/servers`;
}

async function serversOf(daemon: Daemon, path: string): Promise<Fields[]> {
  return listOf((await daemon.call('GET', path))['servers']);
}

async function serverOf(daemon: Daemon, path: string, word: string): Promise<Fields> {
  const servers = await serversOf(daemon, path);
  const found = servers.find(({ id }) => id === word) ?? servers.find(({ name }) => name === word);
  if (found) return found;
  throw new CommandFailure(`The module has no server with the ID or name "${word}".`);
}

async function valuesOf(options: ValueOptions): Promise<Record<string, unknown>> {
  const { name, host, port, group, maxAccounts, data, credential = [] } = options;
  if (options.active && options.drain) throw new CommandFailure('--active and --drain exclude each other.');
  const tls = await tlsOf(options);
  const all = {
    ...{ name, host, port, group, tls, max_accounts: maxAccounts },
    active: options.active ? true : options.drain ? false : undefined,
    data: data === undefined ? undefined : jsonOf(data),
    credentials: credential.length === 0 ? undefined : await credentialsOf(credential),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

async function tlsOf({ tls, caFile, fingerprint }: ValueOptions): Promise<object | undefined> {
  if (!tls) return { enabled: false };
  if (caFile === undefined && fingerprint === undefined) return undefined;
  return {
    enabled: true,
    ...(caFile === undefined ? {} : { ca: await read(caFile) }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
  };
}

function jsonOf(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch (error) {
    throw new CommandFailure('--data must be a JSON object.', { cause: error });
  }
}

async function credentialsOf(given: readonly string[]): Promise<Record<string, string>> {
  const found: [string, string][] = [];
  for (const one of given) {
    const at = one.indexOf('=');
    if (at < 1) throw new CommandFailure('--credential must be <name>=<file>.');
    const file = one.slice(at + 1);
    const value = file === '-' ? await textOf(process.stdin) : await read(file);
    // an editor ends a file with a line break, which is not part of the credential
    found.push([one.slice(0, at), value.replace(/\r?\n$/, '')]);
  }
  return Object.fromEntries(found);
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(`Cannot read ${file}: ${String(error)}`, { cause: error });
  }
}

function print(server: Fields, options: ServerOptions): void {
  if (options.json) {
    sayJson(server);
    return;
  }
  const rows = Object.entries(server).map(([name, value]): [string, unknown] => [
    name,
    typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
  ]);
  say(facts(rows));
}
