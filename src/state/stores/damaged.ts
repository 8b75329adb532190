/**
 * Documents that cannot be read are set aside in `damaged/` for a person; what they were about stays refused, also
 * after the next start.
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

const FOLDER = 'damaged';

/** Moves it to `damaged/<same name>.<time>`, durably, once everything was read. */
export function setAside(
  disk: Disk,
  dir: string,
  found: { path: string; problem: string; text: string },
  time: string,
  later: DeferWrite,
): DamagedDocument {
  const name = `${basename(found.path)}.${time.replaceAll(':', '-')}`;
  later(() => disk.move(found.path, join(dir, FOLDER, name)));
  return describe(name, found.problem, found.text);
}

/** Those that earlier starts have set aside and nobody has taken away yet. */
export async function setAsideBefore(disk: Disk, dir: string): Promise<DamagedDocument[]> {
  const names = (await disk.list(join(dir, FOLDER))).sort();
  return Promise.all(
    names.map(async (name) => {
      // unreadable bytes are why it may be here: then only its name is known
      const text = await disk.find(join(dir, FOLDER, name)).catch(() => undefined);
      return describe(name, 'it was set aside at an earlier start', text ?? '');
    }),
  );
}

function describe(name: string, problem: string, text: string): DamagedDocument {
  // only the time's own form: an id may hold `.json.` too
  const original = name.replace(/\.\d{4}-\d\d-\d\dT[\d.-]+Z$/, '');
  const key = keyOfFile(original);
  // a token's document has no `~` in its name and claims nothing
  const claims = original.includes('~') ? claimsInText(text) : [];
  return { file: join(FOLDER, name), key, problem, claims };
}
