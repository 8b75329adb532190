/**
 * innkeeper state verify: checks an export, a folder, or the state in use. If the daemon is running, it provides a
 * consistent snapshot of the state in use.
 */
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { decodeKey } from '../../kernel/key-text.js';
import { findStateKeys } from '../../state/keys/state-key.js';
import { codeOf } from '../../state/files/file-system.js';
import { keyIdOf } from '../../state/keys/secret-box.js';
import {
  type FileRead,
  type Verified,
  verifyFile,
  verifyFolder,
  verifyStream,
} from '../../state/transfer/verify.js';
import { connectDaemon, DaemonDown } from '../shared/daemon.js';
import { CommandFailure } from '../shared/failure.js';
import { loadForCommand } from '../shared/of-service.js';
import { type Colours, say, sayJson } from '../shared/print.js';
import { type Show, withProgress } from '../shared/progress.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';

export interface VerifyRequest {
  /** The file or folder to check. Undefined for the state in use. */
  readonly what: string | undefined;
  readonly configFile: string;
  readonly keyFile: string | undefined;
  readonly json: boolean;
}

/** Returns true if there are no problems. Throws CommandFailure. */
export async function verifyState(request: VerifyRequest): Promise<boolean> {
  const found = await withProgress((show) => verified(request, show));
  const { manifest, notes, documents, secrets, opened } = found;
  const findings = [...unfitting(found), ...found.findings];
  const name = request.what ?? 'the state in use';
  if (request.json) {
    const made = manifest
      ? { made_at: manifest.made_at, program: manifest.program, key: manifest.key }
      : null;
    sayJson({ sound: findings.length === 0, documents, secrets, opened, findings, notes, export: made });
    return findings.length === 0;
  }
  for (const { file, problem } of findings) say(`wrong    ${file === '' ? name : file}: ${problem}`, COLOURS);
  for (const { file, problem } of notes) say(`note     ${file}: ${problem}`);
  if (!opened && secrets > 0 && found.tried.length === 0)
    say(
      `note     ${secrets} secrets were not decrypted: no key was given (--key-file), and no key is ` +
        `in use on this machine${manifest ? `; the export needs the key ${manifest.key.id}` : ''}`,
    );
  const count = findings.length === 1 ? 'one problem' : `${findings.length} problems`;
  say(
    `${name}: ${documents} documents, ${secrets} secrets; ` +
      `${findings.length === 0 ? 'no problems' : count} found.`,
  );
  return findings.length === 0;
}

const COLOURS: Colours = { at: /^(?<word>wrong) /g, of: { wrong: 'red' } };

/** Fails if no available key decrypts the secrets in an export, because such an export is not a usable backup. */
function unfitting({ manifest, opened, tried }: Tried): Tried['findings'] {
  if (!manifest || opened || tried.length === 0) return [];
  const { id } = manifest.key;
  const problem =
    `none of the available keys decrypts the secrets. They need the key ${id}; the keys tried are ` +
    `${tried.join(', ')}. If you kept the key ${id}, name its file with --key-file`;
  return [{ file: '', problem }];
}

interface Tried extends Verified {
  /** The IDs of the keys that were given. If none were given, those of the keys in use. */
  readonly tried: readonly string[];
}

async function verified(requested: VerifyRequest, show: Show): Promise<Tried> {
  const fileRead = (files: number): void => show(`verifying: ${files} files`);
  const given = requested.keyFile === undefined ? [] : [await keyIn(resolve(requested.keyFile))];
  if (requested.what === undefined) return stateInUse(requested.configFile, given, fileRead);
  const path = resolve(requested.what);
  const found = await stat(path).catch((error: unknown) => {
    throw new CommandFailure(`Cannot read ${path}: ${String(error)}`, { cause: error });
  });
  const keysOr = async (others: () => Promise<Buffer[]>): Promise<Buffer[]> =>
    given.length > 0 ? given : others();
  if (!found.isDirectory()) {
    const keys = await keysOr(() => keysHere(requested.configFile));
    return { ...(await verifyFile(path, keys, fileRead)), tried: keys.map(keyIdOf) };
  }
  const beside = { state_key: null, state_key_former: null, agent: { state_dir: path } };
  const own = await keysOr(() => findStateKeys(beside));
  const keys = own.length > 0 ? own : await keysHere(requested.configFile);
  return { ...(await verifyFolder(path, keys, fileRead)), tried: keys.map(keyIdOf) };
}

async function stateInUse(configFile: string, given: readonly Buffer[], fileRead: FileRead): Promise<Tried> {
  const config = await loadForCommand(configFile);
  const keys = given.length > 0 ? given : await findStateKeys(config);
  const tried = keys.map(keyIdOf);
  try {
    const daemon = await connectDaemon(configFile, DEFAULT_PANEL);
    return { ...(await verifyStream(await daemon.download('/state/export'), keys, fileRead)), tried };
  } catch (error) {
    if (!(error instanceof DaemonDown)) throw error;
    return { ...(await verifyFolder(config.agent.state_dir, keys, fileRead)), tried };
  }
}

/**
 * Returns the keys in use if there is a configuration. A machine that is only used to verify exports has no
 * configuration.
 */
async function keysHere(configFile: string): Promise<Buffer[]> {
  const isThere = await stat(configFile).then(
    () => true,
    (error: unknown) => codeOf(error) !== 'ENOENT',
  );
  return isThere ? findStateKeys(await loadForCommand(configFile)) : [];
}

async function keyIn(path: string): Promise<Buffer> {
  const key = decodeKey((await readFile(path, 'utf8')).trim());
  if (!key) throw new CommandFailure(`${path} does not contain a key: expected 32 bytes in base64 or hex.`);
  return key;
}
