/**
 * Moves unreadable documents to `damaged/` for an operator. The agent refuses requests about the service or object that
 * such a document describes, even after the next start.
 */
import { basename, join } from 'node:path';
import type { ServiceKey } from '../../model/service.js';
import type { Claim } from '../../model/claim.js';
import { claimsInText } from './claims.js';
import type { Disk } from '../files/disk.js';
import type { DeferWrite } from '../files/deferred-writes.js';
import { keyOfFile } from '../documents/service-document.js';

export interface DamagedDocument {
  /** Path below the state folder. */
  readonly file: string;
  readonly key: ServiceKey | undefined;
  readonly problem: string;
  readonly claims: readonly Claim[];
}

export const DAMAGED_FOLDER = 'damaged';

/**
 * Moves a document durably to `damaged/<same name>.<time>`. The document is moved only after all documents have been
 * read.
 */
export function setAside(
  disk: Disk,
  dir: string,
  found: { path: string; problem: string; text: string },
  time: string,
  later: DeferWrite,
): DamagedDocument {
  const name = `${basename(found.path)}.${time.replaceAll(':', '-')}`;
  later(() => disk.move(found.path, join(dir, DAMAGED_FOLDER, name)));
  return describe(name, found.problem, found.text);
}

/** Returns the documents that earlier starts have set aside and that are still in `damaged/`. */
export async function setAsideBefore(disk: Disk, dir: string): Promise<DamagedDocument[]> {
  const names = (await disk.list(join(dir, DAMAGED_FOLDER))).sort();
  return Promise.all(
    names.map(async (name) => {
      // only the text of a service's document is needed, and the file of a collection may be large; if the bytes of
      // the file are unreadable, only its name is known
      const text = name.includes('~')
        ? await disk.find(join(dir, DAMAGED_FOLDER, name)).catch(() => undefined)
        : undefined;
      return describe(name, 'it was set aside at an earlier start', text ?? '');
    }),
  );
}

function describe(name: string, problem: string, text: string): DamagedDocument {
  // matches the exact form of the time, because an id may contain `.json.` too
  const original = name.replace(/\.\d{4}-\d\d-\d\dT[\d.-]+Z$/, '');
  const key = keyOfFile(original);
  // only a service's document has a `~` in its name and has claims
  const claims = original.includes('~') ? claimsInText(text) : [];
  return { file: join(DAMAGED_FOLDER, name), key, problem, claims };
}
