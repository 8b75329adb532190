/** Runs checks concurrently, each with its own deadline. A check is skipped if a check that it depends on failed. */
import { setMaxListeners } from 'node:events';
import { neverAborted } from '../kernel/async/never.js';
import { orAbort } from '../kernel/async/race.js';
import { withLimit } from '../kernel/async/with-limit.js';
import {
  type Check,
  type Line,
  notChecked,
  sentenceOf,
  type Verdict,
  wrong,
} from '../drivers/shared/doctor/check.js';

const WITHIN_MS = 10_000;

/**
 * Called at the start and after each check, with the number of checks that have ended, the number of all checks, and
 * the title of a check that is still running.
 */
export type CheckEnded = (done: number, all: number, open: string) => void;

/**
 * Returns the results in the order of the list, in which each check comes after the checks that it depends on. Never
 * rejects.
 */
export async function runChecks(checks: readonly Check[], ended?: CheckEnded): Promise<Line[]> {
  const verdicts = new Map<string, Promise<Verdict>>();
  const titles = new Map(checks.map(({ name, title }) => [name, title]));
  const open = new Map(titles);
  const report = (): void => {
    const [title] = open.values();
    if (title !== undefined) ended?.(checks.length - open.size, checks.length, title);
  };
  for (const check of checks)
    verdicts.set(
      check.name,
      judged(check, verdicts, titles).finally(() => {
        open.delete(check.name);
        report();
      }),
    );
  report();
  return Promise.all(
    checks.map(async ({ name, title }) => {
      const verdict = (await verdicts.get(name)) ?? notChecked('the check was not run');
      return { name, title, ...verdict };
    }),
  );
}

async function judged(
  check: Check,
  earlier: ReadonlyMap<string, Promise<Verdict>>,
  titles: ReadonlyMap<string, string>,
): Promise<Verdict> {
  for (const name of check.after) {
    const before = await earlier.get(name);
    if (before && (before.state === 'wrong' || before.state === 'not_checked'))
      return notChecked(`first fix "${titles.get(name) ?? name}"`);
  }
  const verdict = await withDeadline(check);
  const isMute = (verdict.state === 'wrong' || verdict.state === 'warning') && verdict.fix.length === 0;
  return isMute ? { ...verdict, fix: check.look } : verdict;
}

async function withDeadline({ withinMs = WITHIN_MS, run }: Check): Promise<Verdict> {
  return withLimit(neverAborted(), withinMs, (signal) => {
    // without this, Node would warn: a check may query every node at once, and each query adds a listener to the
    // signal
    setMaxListeners(0, signal);
    return orAbort(run(signal), signal).catch((error: unknown) =>
      wrong(signal.aborted ? `no response within ${withinMs / 1000} s` : sentenceOf(error)),
    );
  });
}
