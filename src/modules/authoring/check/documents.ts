/** README.md and CHANGELOG.md of a module. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from './lines.js';

/** A README with fewer characters says nothing. */
const SHORTEST = 80;

export async function readmeFindings(root: string): Promise<Finding[]> {
  const text = await textOf(root, 'README.md');
  if (text === undefined) return [{ line: 'readme', problem: 'the folder does not contain README.md' }];
  const body = text.replace(/^#.*$/gm, '').trim();
  return body.length >= SHORTEST
    ? []
    : [{ line: 'readme', problem: `README.md has fewer than ${SHORTEST} characters below its headings` }];
}

export async function changelogFindings(root: string, version: string): Promise<Finding[]> {
  const text = await textOf(root, 'CHANGELOG.md');
  if (text === undefined) return [{ line: 'changelog', problem: 'the folder does not contain CHANGELOG.md' }];
  const headings = text.split('\n').filter((line) => line.startsWith('#'));
  const hasEntry = headings.some((line) =>
    line.split(/[\s[\]()]+/).some((word) => word.replace(/^v/, '') === version),
  );
  return hasEntry
    ? []
    : [
        {
          line: 'changelog',
          problem: `CHANGELOG.md has no heading for the version ${version}, such as "## ${version}"`,
        },
      ];
}

async function textOf(root: string, name: string): Promise<string | undefined> {
  return readFile(join(root, name), 'utf8').catch(() => undefined);
}
