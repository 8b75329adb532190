/** The types of doctor's checks and their results. */

import { userInfo } from 'node:os';
import { AgentError } from '../../../kernel/errors.js';
import { cleaned } from '../../../kernel/text.js';

export type Word = 'ok' | 'warning' | 'wrong' | 'not_checked';

export interface Verdict {
  readonly state: Word;
  /** The result in plain words. It never contains a secret. */
  readonly found: string;
  /** Commands that fix the problem, ready to copy, in order; empty if there is no problem. */
  readonly fix: readonly string[];
}

export interface Check {
  /** The stable name of the check for programs, such as `container_host.permissions`. */
  readonly name: string;
  readonly title: string;
  /** The names of checks that must have succeeded before this check is run. */
  readonly after: readonly string[];
  /** Commands that show more details. They are printed if the check found a problem and suggests no commands. */
  readonly look: readonly string[];
  /** Milliseconds; default 10 s. */
  readonly withinMs?: number;
  readonly run: (signal: AbortSignal) => Promise<Verdict>;
}

export interface Line extends Verdict {
  readonly name: string;
  readonly title: string;
}

export const ok = (found: string): Verdict => ({ state: 'ok', found, fix: [] });
export const warning = (found: string, ...fix: readonly string[]): Verdict => ({
  state: 'warning',
  found,
  fix,
});
export const wrong = (found: string, ...fix: readonly string[]): Verdict => ({
  state: 'wrong',
  found,
  fix,
});
export const notChecked = (why: string): Verdict => ({
  state: 'not_checked',
  found: `not checked: ${why}`,
  fix: [],
});

/** What a driver provides to the doctor. Its checks open their own connections and share none with the daemon. */
export interface DriverDoctor {
  /** The checks, in the order in which an operator should fix problems. */
  readonly checks: readonly Check[];
  close(): Promise<void>;
}

const RANK: Readonly<Record<Word, number>> = { wrong: 3, warning: 2, not_checked: 1, ok: 0 };

/**
 * Merges several verdicts. The result has the worst state, all texts of verdicts with that state, and each command
 * once.
 */
export function worst(verdicts: readonly Verdict[], whenNone: Verdict): Verdict {
  const sorted = [...verdicts].sort((a, b) => RANK[b.state] - RANK[a.state]);
  const [first] = sorted;
  if (!first) return whenNone;
  const same = sorted.filter(({ state }) => state === first.state);
  return {
    state: first.state,
    found: [...new Set(same.map(({ found }) => found))].join('; '),
    fix: [...new Set(sorted.flatMap(({ fix }) => fix))],
  };
}

/**
 * Returns the message of an error with its details about the infrastructure. Operators need these details, but
 * customers must not see them.
 */
export function sentenceOf(error: unknown): string {
  const said = error instanceof AgentError ? (error.detail ?? error.message) : messageOf(error);
  return said.trim();
}

function messageOf(error: unknown): string {
  return cleaned(error instanceof Error ? error.message : String(error));
}

/** Returns the user name for printed commands, which must be correct even when root runs them. */
export function whoAmI(): string {
  try {
    return userInfo().username;
  } catch {
    // the user has no entry in the system's user database
    return String(process.getuid?.() ?? '');
  }
}

export { shellWord as word } from '../../../kernel/command-line.js';
