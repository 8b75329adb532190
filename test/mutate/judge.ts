/** Tries one mutant: runs the tests that contain its file, the likeliest first, until one fails. */
import { runTest, type Verdict } from './run-test.js';

export interface Judged {
  readonly kind: 'refused' | 'killed' | 'survived' | 'no test';
  /** Number of the file's tests that were run to their end. */
  readonly run: number;
  readonly of: number;
  /** The test that failed. */
  readonly by?: string;
}

export interface JudgeOptions {
  readonly cwd: string;
  /** Time limit for one mutant, in ms. */
  readonly limitMs: number;
  readonly over: AbortSignal;
  readonly say: (line: string) => void;
  /** How much longer than five times its usual time a test takes when it hangs; default 10 s. */
  readonly graceMs?: number;
}

/** Puts the mutant (true) or the original code into the copy. */
export type Put = (mutant: boolean) => Promise<void>;

export interface Judge {
  /** @param tests the likeliest first */
  judge(tests: readonly string[], put: Put): Promise<Judged>;
}

/** If a test fails that has not passed with the original code yet, it is also run with that. */
export function newJudge({ cwd, limitMs, over, say, graceMs = 10_000 }: JudgeOptions): Judge {
  /** Duration in ms of each test that has passed, and the tests that exceeded the time. */
  const takes = new Map<string, number>();
  const slow = new Set<string>();
  const unfit = new Set<string>();
  const noticed = new Map<string, number>();
  /** A test that takes much longer than with the right code hangs: the mutant is noticed. */
  const hangsAfter = (rightMs: number | undefined): number =>
    rightMs === undefined ? Infinity : rightMs * 5 + graceMs;

  const run = async (test: string, leftMs: number): Promise<Verdict> => {
    const known = takes.get(test);
    const hangsAt = hangsAfter(known);
    const from = performance.now();
    const verdict = await runTest(test, { cwd, limitMs: Math.min(leftMs, hangsAt), over });
    if (verdict === 'passed') {
      takes.set(test, Math.max(known ?? 0, performance.now() - from));
      slow.delete(test);
    } else if (verdict === 'too slow') slow.add(test);
    return verdict === 'too slow' && hangsAt <= leftMs ? 'failed' : verdict;
  };

  /** Whether the test passes with the original code. */
  const isFit = async (test: string, put: Put): Promise<boolean> => {
    if (takes.has(test)) return true;
    await put(false);
    const verdict = await run(test, FIRST_LIMIT_MS);
    await put(true);
    if (verdict !== 'failed') return verdict === 'passed';
    unfit.add(test);
    say(`left out, as it does not pass with the right code either: ${test}`);
    return false;
  };

  /** First the tests that are likeliest by their path, then those that have noticed a mutant, then the quick ones. */
  const ordered = (tests: readonly string[]): string[] => {
    const cost = (test: string): number =>
      (takes.get(test) ?? (slow.has(test) ? limitMs : UNKNOWN_MS)) / (1 + (noticed.get(test) ?? 0));
    const rest = tests.slice(LIKELIEST).sort((a, b) => cost(a) - cost(b));
    const all = [...tests.slice(0, LIKELIEST), ...rest];
    return [...all.filter((test) => !slow.has(test)), ...all.filter((test) => slow.has(test))];
  };

  return {
    async judge(tests, put) {
      const order = ordered(tests.filter((test) => !unfit.has(test)));
      if (order.length === 0) return { kind: 'no test', run: 0, of: 0 };
      let until = performance.now() + limitMs;
      let passed = 0;
      await put(true);
      try {
        for (const test of order) {
          const left = until - performance.now();
          if (left <= 0 || over.aborted) break;
          // a test of unknown duration must not use up the time of all
          const given = takes.has(test) ? left : Math.min(left, limitMs / 3);
          const verdict = await run(test, given);
          if (verdict === 'passed') passed += 1;
          else {
            const from = performance.now();
            const isNoticed =
              (await isFit(test, put)) && (verdict === 'failed' || given > hangsAfter(takes.get(test)));
            // what the right code takes is not the mutant's time
            until += performance.now() - from;
            if (!isNoticed) continue;
            noticed.set(test, (noticed.get(test) ?? 0) + 1);
            return { kind: 'killed', run: passed, of: order.length, by: test };
          }
        }
      } finally {
        await put(false);
      }
      return { kind: 'survived', run: passed, of: order.length };
    },
  };
}

/** Number of the likeliest tests that come first, whatever their duration. */
const LIKELIEST = 3;
const UNKNOWN_MS = 15_000;
const FIRST_LIMIT_MS = 300_000;
