/** The digest of a folder's files. The digest does not depend on the order in which the files were read. */
import { createHash } from 'node:crypto';

export interface FileDigest {
  /** The path below the folder, with `/` as separator. */
  readonly path: string;
  /** SHA-256 of the content, hexadecimal. */
  readonly sha256: string;
}

/** SHA-256 over the names and contents of files, as 64 hexadecimal digits. Modes, owners and times are ignored. */
export function contentDigest(files: Iterable<FileDigest>): string {
  // no path contains a line break (`content-hash.ts`), so two different lists of files never produce the same text
  const lines = [...files].map(({ path, sha256 }) => `${sha256} ${path}\n`).sort();
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line);
  return hash.digest('hex');
}
