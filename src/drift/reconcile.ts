/**
 * Detects drift periodically and on request. A run makes two comparisons and reports the findings that the second one
 * confirms. Concurrent requests share one run.
 */
import { orSleep } from '../kernel/async/race.js';
import type { Finding } from './drift.js';
import type { Caller } from '../model/caller.js';
import type { DriftContext } from './context.js';
import type { DriftReport } from './drift-store.js';
import { detectDrift } from './detect-drift.js';
import { removeOrphans, type Removal } from './remove-orphans.js';
import { repairDrift, type Repair } from './repair-drift.js';

/** Time before a repair that did not help is repeated. */
const REPAIR_AGAIN_MS = 6 * 3_600_000;
/** Delay of the first comparison, because a daemon that has just started has more urgent work. */
const FIRST_LOOK_MS = 30_000;

export interface Reconciler {
  /**
   * Called by the schedule. Runs a comparison if one is due, and starts repairs if they are configured. Resolves to the
   * time of the next run (epoch ms).
   */
  run(): Promise<number | undefined>;
  /** Starts a run, or waits for the run in progress. Resolves when the run has ended, or after `ms`. */
  ask(ms: number): Promise<{ readonly looking: boolean; readonly report: DriftReport | undefined }>;
  repair(caller: Pick<Caller, 'requestId'>, ids: readonly string[]): Promise<Repair[]>;
  remove(ids: readonly string[], request: { readonly unknown: boolean }): Promise<Removal[]>;
  stop(): Promise<void>;
}

export function reconciler(context: DriftContext): Reconciler {
  const { config, clock, drift, log } = context;
  const everyMs = config.reconcile.every_s * 1000;
  const apartMs = config.reconcile.confirm_s * 1000;
  const stopping = new AbortController();
  const repaired = new Map<string, number>();
  const told = new Set<string>();
  /** The time of the next comparison (ms of the monotonic clock). */
  let dueAt = clock.monotonic() + Math.min(everyMs, FIRST_LOOK_MS);
  let looking: Promise<DriftReport> | undefined;

  const dueEpoch = (): number => clock.now() + dueAt - clock.monotonic();

  const look = async (): Promise<DriftReport> => {
    const report = drift.enter(await detectDrift(context, stopping.signal));
    alarm(report);
    return report;
  };

  /** Compares a second time only if the first comparison found something new. */
  const looks = async (): Promise<DriftReport> => {
    const first = await look();
    if (first.pending === 0) return first;
    await clock.sleep(apartMs, stopping.signal);
    return look();
  };

  const shared = (): Promise<DriftReport> => {
    looking ??= looks().finally(() => (looking = undefined));
    return looking;
  };

  const alarm = ({ findings, orphans }: DriftReport): void => {
    const ids = new Set([...findings, ...orphans].map(({ item }) => item.id));
    for (const { item } of findings)
      if (!told.has(item.id))
        log.warn({ alarm: 'drift', ...item }, 'the actual state differs from the records');
    for (const { item } of orphans)
      if (!told.has(item.id))
        log.warn(
          { alarm: 'orphan', what: item.what, why: item.why, doubt: item.doubt },
          'an orphan was found',
        );
    told.clear();
    for (const id of ids) told.add(id);
  };

  const repairSafe = async ({ findings }: DriftReport): Promise<void> => {
    const now = clock.monotonic();
    for (const [id, at] of repaired) if (now - at >= REPAIR_AGAIN_MS) repaired.delete(id);
    const fresh = findings.map(({ item }) => item).filter(({ id }) => !repaired.has(id));
    const repairs = await repairDrift(context, { requestId: 'reconcile' }, fresh);
    // repairs for which no job was started are not recorded as tried, so the next run tries them again
    const begun = new Set(
      repairs.flatMap(({ key, parts, jobId }) =>
        jobId === null ? [] : parts.map((part) => `${key} ${part}`),
      ),
    );
    for (const { id, key, part } of fresh) if (begun.has(`${key} ${part}`)) repaired.set(id, now);
  };

  return {
    async run() {
      if (clock.monotonic() < dueAt) return dueEpoch();
      const report = await shared().catch((error: unknown) => {
        if (stopping.signal.aborted) return undefined;
        throw error;
      });
      if (!report) return undefined;
      if (config.reconcile.mode === 'repair') await repairSafe(report);
      dueAt = clock.monotonic() + everyMs;
      return dueEpoch();
    },
    async ask(ms) {
      const report = await orSleep(shared(), clock, ms, true);
      return { looking: report === undefined, report: report ?? drift.report() };
    },
    async repair(caller, ids) {
      const findings = drift.report()?.findings.map(({ item }): Finding => item) ?? [];
      return repairDrift(
        context,
        caller,
        findings.filter(({ id }) => ids.includes(id)),
      );
    },
    remove: (ids, requested) => removeOrphans(context, ids, requested, stopping.signal),
    async stop() {
      stopping.abort(new Error('the agent is stopping'));
      await looking?.catch(() => {});
    },
  };
}
