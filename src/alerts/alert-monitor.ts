/** Checks all conditions every half minute and after changes, and delivers alerts to the hooks. */
import { type AlertKind, ALERTS, type AlertRecord, type AlertSpec } from '../model/alert.js';
import { cleaned } from '../kernel/text.js';
import type { Clock } from '../kernel/clock.js';
import { within } from '../kernel/async/within.js';
import { Alarm } from '../kernel/async/alarm.js';
import { KeyedLock } from '../kernel/async/keyed-lock.js';
import { pause } from '../kernel/async/pause.js';
import type { Hook } from '../drivers/hook/contract.js';
import type { DriverLog } from '../drivers/shared/log.js';
import type { DocumentStore } from '../state/contract.js';
import { alertStore } from './alert-store.js';
import type { Conditions } from './conditions.js';
import { delivery } from './deliver.js';

export interface AlertMonitor {
  start(): void;
  /** Requests a check soon. Called after a change that may raise or clear an alert. */
  nudge(): void;
  list(): readonly AlertRecord[];
  active(kind: AlertKind): readonly AlertRecord[];
  /** Raises an alert, or changes its text. For conditions that only the caller knows. */
  raise(spec: AlertSpec): Promise<void>;
  /** Clears the alert with this kind and subject, if there is one. */
  clear(kind: AlertKind, subject: string): Promise<void>;
  /**
   * Sends a test alert to every hook. In the results, `problem` is null if the hook has confirmed that it received the
   * alert.
   */
  test(): Promise<readonly { readonly hook: string; readonly problem: string | null }[]>;
  /** Checks and delivers once more, then stops. Takes a few seconds at most. */
  stop(): Promise<void>;
}

export interface AlertMonitorDeps {
  readonly agent: string;
  readonly alerts: DocumentStore<AlertRecord>;
  readonly conditions: Conditions;
  readonly hooks: readonly Hook[];
  readonly clock: Clock;
  readonly log: DriverLog;
}

const LOOK_MS = 30_000;
/** Many changes often arrive at once; one check covers all of them. */
const SETTLE_MS = 500;
const STOP_MS = 3_000;

export function alertMonitor({
  agent,
  alerts,
  conditions,
  hooks,
  clock,
  log,
}: AlertMonitorDeps): AlertMonitor {
  const store = alertStore({ alerts, clock, changed: (record) => logChange(log, record) });
  const names = hooks.map(({ name }) => name);
  const deliveries = hooks.map((hook) => delivery(hook, { agent, store, clock, log }));
  const stopping = new AbortController();
  const halted = new AbortController();
  const alarm = new Alarm();
  // a check of a kind must not clear an alert of the same kind that is raised while the check runs
  const turns = new KeyedLock();
  let work: Promise<void> | undefined;

  const stopped = (): boolean => stopping.signal.aborted;

  const look = async (): Promise<void> => {
    for (const [kind, condition] of conditions) {
      try {
        await turns.run(kind, async () => store.settle(kind, await condition(store.active(kind))));
      } catch (error) {
        log.error({ alert: kind, err: error }, 'the agent could not check the conditions of its alerts');
      }
    }
    await store.tidy(names).catch((error: unknown) => {
      log.warn({ err: error }, 'old alerts could not be removed');
    });
  };

  /** Resolves with the time of the next retry of a failed hook, by the monotonic clock. */
  const deliver = async (): Promise<number> => {
    const again = await Promise.all(deliveries.map((one) => one.round(halted.signal)));
    return Math.min(...again.map((at) => at ?? Number.POSITIVE_INFINITY));
  };

  const run = async (): Promise<void> => {
    while (!stopped()) {
      await look();
      const again = await deliver();
      await pause(clock, SETTLE_MS, stopping.signal, true);
      const ms = Math.max(0, Math.min(LOOK_MS, again - clock.monotonic()));
      await alarm.sleep(clock, ms, stopping.signal, true);
    }
    await look();
    await deliver();
  };

  return {
    start() {
      work = run();
    },
    nudge() {
      alarm.ring();
    },
    list: () => store.all(),
    active: (kind) => store.active(kind),
    async raise(spec) {
      await turns.run(spec.kind, () => store.raise(spec));
      alarm.ring();
    },
    async clear(kind, subject) {
      await turns.run(kind, () => store.clear(kind, subject));
      alarm.ring();
    },
    test: () =>
      Promise.all(
        deliveries.map(async (one) => {
          const problem = await one.test(halted.signal).then(
            () => null,
            (error: unknown) => cleaned(error instanceof Error ? error.message : String(error)),
          );
          return { hook: one.name, problem };
        }),
      ),
    async stop() {
      stopping.abort(new Error('the agent is stopping'));
      if (!work) return;
      await within(work, STOP_MS);
      halted.abort(new Error('the agent is stopping'));
      await within(work, STOP_MS);
    },
  };
}

function logChange(log: DriverLog, record: AlertRecord): void {
  const { id, kind, subject, panel, serviceId, text, commands, clearedAt } = record;
  const line = { alarm: kind, alert_id: id, subject, panel, service_id: serviceId, commands };
  if (clearedAt !== null) log.info(line, `alert cleared: ${text}`);
  else if (ALERTS[kind].severity === 'critical') log.error(line, `alert: ${text}`);
  else log.warn(line, `alert: ${text}`);
}
