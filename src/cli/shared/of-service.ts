/**
 * Lets a command that an operator runs read the same data as the service reads. This includes systemd's credentials,
 * which only the service can normally read. Commands that check the installation also switch to the permissions of the
 * service's user for files and sockets. Root can read everything, so a check that runs as root would report no problem
 * with a file that the daemon cannot open.
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
/**
 * The folder in which systemd keeps the credentials while the service runs. systemd has read them at the start of the
 * service.
 */
const RUNNING = `/run/credentials/${UNIT}`;
const CHILD_MS = 5_000;

export type Credentials = ReadonlyMap<string, string>;

/** Loads the configuration for every command except `serve`. Throws ConfigError. */
export async function loadForCommand(file: string, warn?: (message: string) => void): Promise<Config> {
  return loadConfig({ file, credentials: await serviceCredentials(), ...(warn ? { warn } : {}) });
}

/**
 * Loads the configuration with the permissions of the service's user. This process keeps these permissions from then
 * on. Throws ConfigError.
 */
export async function loadAsService(file: string, warn: (message: string) => void): Promise<Config> {
  const credentials = await serviceCredentials();
  await becomeServiceUser(file);
  return loadConfig({ file, credentials, warn });
}

/** Returns the credentials that can be read. The result is empty if the service does not exist. */
export async function serviceCredentials(): Promise<Credentials> {
  if (process.env['CREDENTIALS_DIRECTORY'] !== undefined) return new Map();
  const shown = (await readdir(RUNNING).catch(() => [])).map((name) => [name, join(RUNNING, name)] as const);
  // The files are read last, so that their content takes precedence: this is the content that the service gets at its
  // next start.
  return textsOf([...shown, ...credentialFiles(await unitText())]);
}

/**
 * Returns the name and file of each `LoadCredential=`, including drop-ins. An empty `LoadCredential=` resets all
 * earlier ones.
 */
export function credentialFiles(unit: string): [name: string, file: string][] {
  const files = new Map<string, string>();
  for (const [, value = ''] of unit.matchAll(/^LoadCredential=(.*)$/gm)) {
    const [, name, file] = /^([^:]+):(\/.+)$/.exec(value.trim()) ?? [];
    if (value.trim() === '') files.clear();
    else if (name !== undefined && file !== undefined) files.set(name, file);
  }
  return [...files];
}

/** Returns undefined if the system has no user with this ID. */
async function groupsOf(uid: number): Promise<number[] | undefined> {
  return promisify(execFile)('id', ['-G', '--', String(uid)], {
    timeout: CHILD_MS,
    env: bareEnvironment(),
  }).then(
    ({ stdout }) => stdout.trim().split(' ').map(Number),
    () => undefined,
  );
}

/** Returns whether the daemon is expected to run, because systemd starts it at boot or holds its sockets. */
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
  // Child processes start in the folder `/`, because the service's user may not be able to access the caller's current
  // folder.
  process.chdir('/');
  const groups = await groupsOf(owner.uid);
  process.setgroups?.(groups ?? [owner.gid]);
  process.setgid?.(owner.gid);
  process.setuid?.(owner.uid);
}
