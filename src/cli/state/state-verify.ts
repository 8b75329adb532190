/**
 * innkeeper state verify: checks an export, a folder, or the state in use. A running daemon provides a consistent
 * snapshot of the state in use.
 */
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { decodeKey } from '../../kernel/key-text.js';
import { findStateKeys } from '../../state/keys/state-key.js';
import { type Verified, verifyFile, verifyFolder, verifyStream } from '../../state/transfer/verify.js';
import { connectDaemon, DaemonDown } from '../shared/daemon.js';
import { CommandFailure } from '../shared/failure.js';
import { loadForCommand } from '../shared/of-service.js';
import { say, sayJson } from '../shared/print.js';
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
  const found = await verified(request);
  if (request.keyFile !== undefined && found.manifest && !found.opened)
    throw new CommandFailure(
      `${request.keyFile} is not the key of this export, which is ${found.manifest.key.id}.`,
    );
  const { manifest, findings, notes, documents, secrets, opened } = found;
  const name = request.what ?? 'the state in use';
  if (request.json) {
    const made = manifest
      ? { made_at: manifest.made_at, program: manifest.program, key: manifest.key }
      : null;
    sayJson({ sound: findings.length === 0, documents, secrets, opened, findings, notes, export: made });
    return findings.length === 0;
  }
  for (const { file, problem } of findings) say(`wrong    ${file === '' ? name : file}: ${problem}`);
  for (const { file, problem } of notes) say(`note     ${file}: ${problem}`);
  if (!opened && secrets > 0)
    say(
      `note     ${secrets} secrets were not decrypted: no key was given (--key-file) and none is in ` +
        'use here',
    );
  const count = findings.length === 1 ? 'one problem' : `${findings.length} problems`;
  say(
    `${name}: ${documents} documents, ${secrets} secrets; ` +
      `${findings.length === 0 ? 'no problems' : count} found.`,
  );
  return findings.length === 0;
}

async function verified(requested: VerifyRequest): Promise<Verified> {
  const given = requested.keyFile === undefined ? [] : [await keyIn(resolve(requested.keyFile))];
  if (requested.what === undefined) return stateInUse(requested.configFile, given);
  const path = resolve(requested.what);
  const found = await stat(path).catch((error: unknown) => {
    throw new CommandFailure(`Cannot read ${path}: ${String(error)}`, { cause: error });
  });
  const keysOr = async (others: () => Promise<Buffer[]>): Promise<Buffer[]> =>
    given.length > 0 ? given : others();
  if (!found.isDirectory()) return verifyFile(path, await keysOr(() => keysHere(requested.configFile)));
  const beside = { state_key: null, state_key_former: null, agent: { state_dir: path } };
  const own = await keysOr(() => findStateKeys(beside));
  return verifyFolder(path, own.length > 0 ? own : await keysHere(requested.configFile));
}

async function stateInUse(configFile: string, given: readonly Buffer[]): Promise<Verified> {
  const config = await loadForCommand(configFile);
  const keys = given.length > 0 ? given : await findStateKeys(config);
  try {
    const daemon = await connectDaemon(configFile, DEFAULT_PANEL);
    return await verifyStream(await daemon.download('/state/export'), keys);
  } catch (error) {
    if (!(error instanceof DaemonDown)) throw error;
    return verifyFolder(config.agent.state_dir, keys);
  }
}

/** Returns the keys in use if there is a configuration. On a machine that only verifies exports, there is none. */
async function keysHere(configFile: string): Promise<Buffer[]> {
  try {
    return await findStateKeys(await loadForCommand(configFile));
  } catch {
    return [];
  }
}

async function keyIn(path: string): Promise<Buffer> {
  const key = decodeKey((await readFile(path, 'utf8')).trim());
  if (!key) throw new CommandFailure(`${path} does not contain a key: expected 32 bytes in base64 or hex.`);
  return key;
}
