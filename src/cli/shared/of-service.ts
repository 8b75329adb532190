/**
 * A command that is run manually must see what the service sees: systemd's credentials, which only the service can
 * read, and (where a command checks something) files and sockets with the permissions of the service's user. Root can
 * read everything, so it would approve files that the daemon cannot open.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../../config/config.js';
import { loadConfig } from '../../config/load.js';
import { bareEnvironment } from '../../drivers/shared/child.js';
import { stateFolder } from './socket-path.js';

const UNIT = 'innkeeper.service';
/** Where systemd keeps the credentials while the service runs, as read at its start. */
const RUNNING = `/run/credentials/${UNIT}`;
const CHILD_MS = 5_000;

export type Credentials = ReadonlyMap<string, string>;

/** For every command but `serve`. Throws ConfigError. */
export async function loadForCommand(file: string, warn?: (message: string) => void): Promise<Config> {
  return loadConfig({ file, credentials: await serviceCredentials(), ...(warn ? { warn } : {}) });
}

/** The same with the permissions of the service's user, which this process keeps from then on. Throws ConfigError. */
export async function loadAsService(file: string, warn: (message: string) => void): Promise<Config> {
  const credentials = await serviceCredentials();
  await becomeServiceUser(file);
  return loadConfig({ file, credentials, warn });
}

/** The readable credentials; none if the service does not exist. */
export async function serviceCredentials(): Promise<Credentials> {
  if (process.env['CREDENTIALS_DIRECTORY'] !== undefined) return new Map();
  const shown = (await readdir(RUNNING).catch(() => [])).map((name) => [name, join(RUNNING, name)] as const);
  // The files come last, so they win: the next start reads them.
  return textsOf([...shown, ...credentialFiles(await unitText())]);
}

/** Name and file of each `LoadCredential=`, including drop-ins: an empty one resets those before it. */
export function credentialFiles(unit: string): [name: string, file: string][] {
  const files = new Map<string, string>();
  for (const [, value = ''] of unit.matchAll(/^LoadCredential=(.*)$/gm)) {
    const [, name, file] = /^([^:]+):(\/.+)$/.exec(value.trim()) ?? [];
    if (value.trim() === '') files.clear();
    else if (name !== undefined && file !== undefined) files.set(name, file);
  }
  return [...files];
}

/** Undefined if the system has no user with this number. */
async function groupsOf(uid: number): Promise<number[] | undefined> {
  return promisify(execFile)('id', ['-G', '--', String(uid)], {
    timeout: CHILD_MS,
    env: bareEnvironment(),
  }).then(
    ({ stdout }) => stdout.trim().split(' ').map(Number),
    () => undefined,
  );
}

/** systemd starts it at boot, or holds its sockets: the daemon is expected to run. */
export async function isUnitEnabled(): Promise<boolean> {
  const run = promisify(execFile)('systemctl', ['is-enabled', UNIT], {
    timeout: CHILD_MS,
    env: bareEnvironment(),
  });
  return run.then(
    ({ stdout }) => stdout.trim() === 'enabled',
    () => false,
  );
}

async function unitText(): Promise<string> {
  const run = promisify(execFile)('systemctl', ['cat', UNIT], { timeout: CHILD_MS, env: bareEnvironment() });
  return run.then(
    ({ stdout }) => stdout,
    () => '',
  );
}

async function textsOf(files: readonly (readonly [string, string])[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const [name, file] of files) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) texts.set(name, text);
  }
  return texts;
}

/** The daemon runs as the owner of the state folder. */
async function becomeServiceUser(file: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const folder = await stateFolder(file).catch(() => undefined);
  const owner = folder === undefined ? undefined : await stat(folder).catch(() => undefined);
  if (owner === undefined || owner.uid === 0) return;
  // Child processes start in /, because they may have no access to the caller's folder.
  process.chdir('/');
  const groups = await groupsOf(owner.uid);
  process.setgroups?.(groups ?? [owner.gid]);
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
}
