/**
 * innkeeper state export: exports the state through the daemon if it is running. Otherwise locks the state folder and
 * exports its files. The output file appears only after the export was read back and verified.
 */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { link, open, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { exportAtRest } from '../../state/transfer/export-at-rest.js';
import { verifyFile } from '../../state/transfer/verify.js';
import { connectDaemon, DaemonDown } from '../shared/daemon.js';
import { CommandFailure } from '../shared/failure.js';
import { loadForCommand } from '../shared/of-service.js';
import { say } from '../shared/print.js';
import { type Show, withProgress } from '../shared/progress.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';

export interface ExportRequest {
  readonly file: string;
  readonly configFile: string;
  readonly withKey: boolean;
}

/** Throws CommandFailure, or the system's error if the folder cannot be read. */
export async function exportState({ file, configFile, withKey }: ExportRequest): Promise<void> {
  const path = resolve(file);
  await refuseExisting(path);
  const part = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.part`);
  try {
    const { manifest, findings } = await withProgress(async (show) => {
      await writePart(part, await source(configFile, withKey), path, show);
      return verifyFile(part, [], (files) => show(`checking the export: ${files} files`));
    });
    if (!manifest)
      throw new CommandFailure(`The export is incomplete: ${findings[0]?.problem ?? 'it cannot be read'}.`);
    // Creates a hard link instead of renaming the file, because a rename would replace a file that another process has
    // created in the meantime.
    await link(part, path).catch((error: unknown) => {
      throw new CommandFailure(`Cannot create ${path}: ${String(error)}`, { cause: error });
    });
    say(`${path}: ${manifest.files.length} files as of ${manifest.made_at}.`);
    say(
      withKey
        ? 'The export contains the key for the secrets: protect the file like the secrets themselves.'
        : `The export does not contain the key for the secrets (${manifest.key.id}): keep a copy of ` +
            'secret.key, or of the configured state_key, elsewhere. Without that key, the secrets in the ' +
            'export cannot be read.',
    );
    for (const { file: where, problem } of findings) process.stderr.write(`warning: ${where} ${problem}\n`);
  } finally {
    await rm(part, { force: true });
  }
}

async function source(configFile: string, withKey: boolean): Promise<Readable> {
  try {
    const daemon = await connectDaemon(configFile, DEFAULT_PANEL);
    return await daemon.download(`/state/export${withKey ? '?key=true' : ''}`);
  } catch (error) {
    if (!(error instanceof DaemonDown)) throw error;
    const config = await loadForCommand(configFile);
    return exportAtRest({ config, withKey, madeAt: new Date().toISOString() });
  }
}

async function writePart(part: string, tar: Readable, path: string, show: Show): Promise<void> {
  try {
    await pipeline(
      tar,
      countBytes((bytes) => show(`exporting: ${(bytes / MIB).toFixed(1)} MiB`)),
      createGzip({ level: 6 }),
      createWriteStream(part, { mode: 0o600, flags: 'wx', flush: true }),
    );
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(`${path} was not written: the export failed (${why}).`, { cause: error });
  }
  const folder = await open(dirname(part), 'r');
  await folder.sync();
  await folder.close();
}

const MIB = 1024 ** 2;

function countBytes(counted: (bytes: number) => void): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      counted((bytes += chunk.length));
      done(null, chunk);
    },
  });
}

async function refuseExisting(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found) throw new CommandFailure(`${path} already exists; choose a new file name.`);
}
