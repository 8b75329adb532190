/** Packs a module for other machines: a tgz with the files of the module below `<type>/<name>/`. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { contentHash, moduleFiles } from '../content-hash.js';
import { readAuthored } from './read-authored.js';
import { rememberVersion, versionFindings } from './versions-file.js';

export interface PackedModule {
  readonly path: string;
  readonly version: string;
  /** SHA-256 of the module's files, as `innkeeper module show` prints it. */
  readonly hash: string;
  readonly files: number;
}

/**
 * Writes `<type>-<name>-<version>.tgz` into the folder `to`. Two packages of the same files have the same bytes. Throws
 * an Error for the author if the module cannot be used.
 */
export async function packModule(folder: string, to: string): Promise<PackedModule> {
  const { type, name, path, declared } = await readAuthored(folder);
  const { version } = declared.info;
  const root = dirname(path);
  const hash = await contentHash(root);
  const [changed] = await versionFindings(root, version);
  if (changed) throw new Error(changed.problem);
  const files = await moduleFiles(root);
  const target = join(to, `${type}-${name}-${version}.tgz`);
  const aside = `${target}.tmp`;
  const archive = pack();
  const written = pipeline(archive, createGzip({ level: 9 }), createWriteStream(aside));
  try {
    for (const file of files) {
      const header = {
        name: `${type}/${name}/${file.path}`,
        size: file.bytes,
        mode: 0o644,
        mtime: new Date(0),
      };
      await pipeline(createReadStream(file.at), archive.entry(header));
    }
    archive.finalize();
    await written;
    await rename(aside, target);
    await rememberVersion(root, version, hash);
  } catch (error) {
    archive.destroy();
    await written.catch(() => undefined);
    await rm(aside, { force: true });
    throw error;
  }
  return { path: target, version, hash, files: files.length };
}
