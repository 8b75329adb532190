/** What a check of the doctor is, and what it may say. */

import { userInfo } from 'node:os';
import { AgentError } from '../../../kernel/errors.js';
import { cleaned } from '../../../kernel/text.js';

export type Word = 'ok' | 'warning' | 'wrong' | 'not_checked';

export interface Verdict {
  readonly state: Word;
  /** What was found, in plain words; never a secret. */
  readonly found: string;
  /** Commands that mend it, ready to copy, in order; empty when all is well. */
  readonly mend: readonly string[];
}

export interface Check {
  /** Stable, for programs; e.g. `container_host.permissions`. */
  readonly name: string;
  readonly title: string;
  /** Names of checks that must not have gone wrong before this one makes sense. */
  readonly after: readonly string[];
  /** Commands that show more; told when something is the matter and the check itself knows no better. */
  readonly look: readonly string[];
  /** Milliseconds; default 10 s. */
  readonly withinMs?: number;
  readonly run: (signal: AbortSignal) => Promise<Verdict>;
}

export interface Line extends Verdict {
  readonly name: string;
  readonly title: string;
}

export const ok = (found: string): Verdict => ({ state: 'ok', found, mend: [] });
export const warning = (found: string, ...mend: readonly string[]): Verdict => ({
  state: 'warning',
  found,
  mend,
});
export const wrong = (found: string, ...mend: readonly string[]): Verdict => ({
  state: 'wrong',
  found,
  mend,
});
export const notChecked = (why: string): Verdict => ({
  state: 'not_checked',
  found: `not checked: ${why}`,
  mend: [],
});

/** What a driver brings to the doctor. Its checks open their own connections and share none with the daemon. */
export interface DriverDoctor {
  /** In the order in which an operator fixes them. */
  readonly checks: readonly Check[];
  close(): Promise<void>;
}

const RANK: Readonly<Record<Word, number>> = { wrong: 3, warning: 2, not_checked: 1, ok: 0 };

/** One verdict of several: the worst word, everything that was found of that word, every command once. */
export function worst(verdicts: readonly Verdict[], whenNone: Verdict): Verdict {
  const sorted = [...verdicts].sort((a, b) => RANK[b.state] - RANK[a.state]);
  const [first] = sorted;
  if (!first) return whenNone;
  const same = sorted.filter(({ state }) => state === first.state);
  return {
    state: first.state,
    found: [...new Set(same.map(({ found }) => found))].join('; '),
    mend: [...new Set(sorted.flatMap(({ mend }) => mend))],
  };
}

/** Infrastructure details are what the operator is here for. */
export function sentenceOf(error: unknown): string {
  const said = error instanceof AgentError ? (error.detail ?? error.message) : messageOf(error);
  return said.trim();
}

function messageOf(error: unknown): string {
  return cleaned(error instanceof Error ? error.message : String(error));
}

/** Who looks: the commands that mend must be right when root types them. */
export function whoAmI(): string {
  try {
    return userInfo().username;
  } catch {
    // no entry in the system's list
    return String(process.getuid?.() ?? '');
  }
}

export { shellWord as word } from '../../../kernel/command-line.js';
