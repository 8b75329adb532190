/** Unpacks the archive of a module (`innkeeper module pack`): a tgz with files below `<type>/<name>/`. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline, Transform, type TransformCallback } from 'node:stream';
import type { Readable } from 'node:stream';
import { pipeline as piped } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { AgentError } from '../../kernel/errors.js';
import { cleaned } from '../../kernel/text.js';
import { MODULE_TYPES, type ModuleType } from '../../model/module-view.js';
import { MODULE_LIMITS } from '../content-hash.js';

export interface UnpackedModule {
  readonly type: ModuleType;
  readonly name: string;
  /** The folder with the files of the module. */
  readonly folder: string;
}

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const LONGEST_NAME = 64;
const MIB = 1024 ** 2;
/** Includes headers and padding. Directories and extended headers count too, because they are not written as files. */
const MOST_UNPACKED = MODULE_LIMITS.bytes + MODULE_LIMITS.files * 2048;

/** Writes the files below `into`, which must exist. Throws `invalid_request`, which says what is wrong. */
export async function unpackModule(source: Readable, into: string): Promise<UnpackedModule> {
  const archive = extract();
  const fed = new Promise<Error | undefined>((resolve) => {
    pipeline(source, bounded(MODULE_LIMITS.bytes), createGunzip(), bounded(MOST_UNPACKED), archive, (error) =>
      resolve(error ?? undefined),
    );
  });
  try {
    const found = await writeFiles(archive, into);
    const error = await fed;
    if (error) throw error;
    return found;
  } catch (error) {
    source.destroy();
    archive.destroy();
    await fed;
    if (error instanceof AgentError) throw error;
    throw refused(`it cannot be read: ${cleaned(error instanceof Error ? error.message : String(error))}`);
  }
}

async function writeFiles(archive: ReturnType<typeof extract>, into: string): Promise<UnpackedModule> {
  let left: number = MODULE_LIMITS.bytes;
  let files = 0;
  let found: { type: string; name: string } | undefined;
  for await (const entry of archive) {
    const { name: path, type: kind, size } = entry.header;
    if (kind === 'directory') {
      entry.resume();
      continue;
    }
    if (kind !== 'file') throw refused(`${shown(path)} is a ${kind}, and only files are allowed`);
    const [type = '', name = '', ...rest] = path.split('/');
    if (rest.length === 0 || !rest.every(isPart) || path.length > 2 * MODULE_LIMITS.pathLength)
      throw refused(`${shown(path)} is not below <type>/<name>/`);
    if (found && (found.type !== type || found.name !== name))
      throw refused('it contains more than one module');
    assertModule(type, name);
    found = { type, name };
    left -= size;
    files += 1;
    if (left < 0) throw refused(`it is larger than ${MODULE_LIMITS.bytes / MIB} MiB`);
    if (files > MODULE_LIMITS.files) throw refused(`it has more than ${MODULE_LIMITS.files} files`);
    const target = join(into, type, name, ...rest);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await piped(entry, createWriteStream(target, { flags: 'wx', mode: 0o600 }));
  }
  if (!found) throw refused('it contains no module');
  const type = found.type as ModuleType;
  return { type, name: found.name, folder: join(into, type, found.name) };
}

function assertModule(type: string, name: string): void {
  if (!MODULE_TYPES.some((known) => known === type) || !NAME.test(name) || name.length > LONGEST_NAME)
    throw refused(`${shown(`${type}/${name}`)} is not <type>/<name> of a module`);
}

function isPart(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..' && !/[\p{C}\\]/u.test(part);
}

/** Passes data on, and fails if there is too much. */
function bounded(most: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, done: TransformCallback) {
      bytes += chunk.length;
      if (bytes > most) done(refused(`it is larger than ${most / MIB} MiB`));
      else done(null, chunk);
    },
  });
}

/** A name in the archive may contain anything. */
function shown(name: string): string {
  return JSON.stringify(cleaned(name, 120));
}

function refused(problem: string): AgentError {
  return new AgentError('invalid_request', `The archive cannot be installed: ${problem}.`);
}
