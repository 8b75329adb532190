/**
 * Remembers the files of every version that was packed, in `.innkeeper-versions.json` beside `module.js`. Names that
 * begin with a dot are not part of a module. Two packages with the same version and different files would be mistaken
 * for each other.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isFields } from '../../kernel/is-fields.js';
import { contentHash } from '../content-hash.js';
import type { Finding } from './check/lines.js';

export const VERSIONS_FILE = '.innkeeper-versions.json';

export async function versionFindings(root: string, version: string): Promise<Finding[]> {
  const packed = (await packedVersions(root))[version];
  if (packed === undefined || packed === (await contentHash(root))) return [];
  return [
    {
      line: 'version',
      problem: `the files have changed since version ${version} was packed: raise info.version, and add an entry to CHANGELOG.md`,
    },
  ];
}

export async function rememberVersion(root: string, version: string, hash: string): Promise<void> {
  const known = await packedVersions(root);
  if (known[version] === hash) return;
  const file = join(root, VERSIONS_FILE);
  await writeFile(`${file}.tmp`, `${JSON.stringify({ ...known, [version]: hash }, undefined, 2)}\n`);
  await rename(`${file}.tmp`, file);
}

/** Maps versions to hashes. Throws an Error if the file is damaged. */
async function packedVersions(root: string): Promise<Record<string, unknown>> {
  const text = await readFile(join(root, VERSIONS_FILE), 'utf8').catch(() => '{}');
  try {
    const value: unknown = JSON.parse(text);
    if (isFields(value)) return value;
  } catch {
    // it is reported below
  }
  throw new Error(`${VERSIONS_FILE} is damaged: restore it, or remove it if no version was given to others`);
}
