/**
 * The shell blocks of the pages that operators follow. The info string of each says where it runs: `sh run` on the
 * machine that gets the daemon (in CI too, in the order of the pages), `sh pve` on a Proxmox VE node, `sh build` where
 * the release is built, `sh internet` fetches from it, `sh other-host`, and `sh case`: only in a situation that has
 * to be there first. `stdin=NAME` is what a person types or pastes. The paragraph below a block begins with
 * `Expected:`; each of its code spans is in what the block prints, `...` standing for any text within a line.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from './project-root.js';

export const PAGES = ['docs/installing.md', 'docs/operating.md'];
export const KINDS = ['run', 'pve', 'build', 'internet', 'other-host', 'case'];

export interface Block {
  readonly page: string;
  /** The closest one above it. */
  readonly heading: string;
  /** Of its first line, counted from 1. */
  readonly line: number;
  /** One of KINDS; empty where the page does not say. */
  readonly kind: string;
  readonly stdin: string | undefined;
  readonly text: string;
  /** The code spans of the paragraph `Expected:`; undefined where there is none. */
  readonly expected: readonly string[] | undefined;
}

const FENCE = /^( *)```sh([^\n]*)\n([^]*?)^ *```$/gm;

export async function blocksOf(page: string): Promise<Block[]> {
  const text = await readFile(join(projectRoot(), page), 'utf8');
  return [...text.matchAll(FENCE)].map((found) => {
    const [all, , info = '', body = ''] = found;
    const before = text.slice(0, found.index);
    const [kind = '', ...more] = info.trim().split(/\s+/);
    return {
      page,
      heading: [...before.matchAll(/^#{2,3} (.*)$/gm)].at(-1)?.[1] ?? '',
      line: before.split('\n').length,
      kind,
      stdin: more.find((word) => word.startsWith('stdin='))?.slice('stdin='.length),
      text: body,
      expected: expectedAfter(text.slice(found.index + all.length)),
    };
  });
}

function expectedAfter(rest: string): string[] | undefined {
  const paragraph = /^\n\n(Expected:[^]*?)(?:\n\n|\n*$)/.exec(rest)?.[1];
  return paragraph === undefined
    ? undefined
    : [...paragraph.matchAll(/``? ?(.*?) ?``?/g)].map(([, span = '']) => span);
}

/** What of a block's expectations its output lacks. */
export function missingIn(output: string, expected: readonly string[]): string[] {
  return expected.filter((span) => {
    const parts = span.split('...').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    return !new RegExp(parts.join('.*')).test(output);
  });
}
