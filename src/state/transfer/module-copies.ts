/**
 * Checks the copies of modules in a state folder: `modules/<type>/<name>/<hash>/...`. These copies are the code that
 * jobs have pinned. The name of a copy is the hash of its files, so a changed file is detected.
 */
import { createHash } from 'node:crypto';
import { contentDigest, type FileDigest } from '../../kernel/content-digest.js';
import type { Job } from '../../model/job.js';

const COPY = /^(modules\/[a-z]+\/[a-z0-9-]{1,64}\/([0-9a-f]{64}))\/(.+)$/;
const LONGEST_INSIDE = 255;
/** The limits of a module as a whole (`modules/content-hash.ts`). */
export const MOST_MODULE_FILE = 64 * 1024 ** 2;

/** Accepts any file name that does not lead out of the folder and is not hidden. */
export function isModulePath(path: string): boolean {
  const inside = COPY.exec(path)?.[3];
  if (inside === undefined || inside.length > LONGEST_INSIDE) return false;
  if (/[\p{C}\p{Zl}\p{Zp}\\\uFFFD]/u.test(inside)) return false;
  return inside.split('/').every((name) => name !== '' && !name.startsWith('.'));
}

interface Finding {
  readonly file: string;
  readonly problem: string;
}

export class ModuleCopies {
  /** The files of each copy, by the copy's folder. */
  readonly #files = new Map<string, FileDigest[]>();
  readonly #needed: { readonly file: string; readonly module: Job['pinned']['module'] }[] = [];

  async take(file: string, bytes: AsyncIterable<Buffer>): Promise<void> {
    const hash = createHash('sha256');
    for await (const chunk of bytes) hash.update(chunk);
    const [, folder = '', , path = ''] = COPY.exec(file) ?? [];
    const known = this.#files.get(folder) ?? [];
    known.push({ path, sha256: hash.digest('hex') });
    this.#files.set(folder, known);
  }

  /** Records that the document `file` needs this code. */
  needed(file: string, module: Job['pinned']['module']): void {
    if (module.hash !== undefined) this.#needed.push({ file, module });
  }

  findings(): Finding[] {
    const changed = [...this.#files]
      .filter(([folder, files]) => !folder.endsWith(`/${contentDigest(files)}`))
      .map(([file]) => ({
        file,
        problem:
          'its files do not match the hash in its name: jobs that need this copy would run different code',
      }));
    const missing = this.#needed
      .filter(({ module: { type, name, hash } }) => !this.#files.has(`modules/${type}/${name}/${hash ?? ''}`))
      .map(({ file, module: { type, name, hash } }) => ({
        file,
        problem: `needs version ${hash ?? ''} of ${type}/${name}, but this version has no copy`,
      }));
    return [...changed, ...missing];
  }
}
