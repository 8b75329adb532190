/**
 * Delivers alerts to one hook, in order. Each alert is delivered at least once. After a failure the hook is retried
 * with growing delays.
 */
import { v7 as uuidV7 } from 'uuid';
import { ALERTS, type AlertRecord, nextToNotify, type Told } from '../model/alert.js';
import { type Clock, instant } from '../kernel/clock.js';
import type { JsonObject } from '../kernel/json.js';
import { withLimit } from '../kernel/async/with-limit.js';
import type { Hook } from '../drivers/hook/contract.js';
import type { DriverLog } from '../drivers/shared/log.js';
import type { AlertStore } from './alert-store.js';

const NOTIFY_MS = 10_000;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 600_000;
/** Number of failures in one round after which the remaining alerts are left for the next round. */
const FAILURES_A_ROUND = 3;

export interface DeliverDeps {
  readonly agent: string;
  readonly store: AlertStore;
  readonly clock: Clock;
  readonly log: DriverLog;
  readonly random?: () => number;
}

export interface Delivery {
  readonly name: string;
  /** Sends a test alert. Rejects if it was not delivered. */
  test(signal: AbortSignal): Promise<void>;
  /**
   * Delivers the notifications that are due. Resolves with the time of the next round (by the monotonic clock), or
   * undefined if there is nothing to deliver until something changes.
   */
  round(signal: AbortSignal): Promise<number | undefined>;
}

export function delivery(
  hook: Hook,
  { agent, store, clock, log, random = Math.random }: DeliverDeps,
): Delivery {
  /**
   * Number of failed deliveries of each alert, so that an alert which the hook always rejects does not block the
   * others.
   */
  const refused = new Map<string, number>();
  let failures = 0;
  let notBefore = 0;

  const due = (): AlertRecord[] =>
    store
      .all()
      .filter((record) => nextToNotify(record, hook.name) !== undefined)
      .sort((a, b) => (refused.get(a.id) ?? 0) - (refused.get(b.id) ?? 0));

  const notify = async (record: AlertRecord, signal: AbortSignal): Promise<void> => {
    for (let current = record; ;) {
      const what = nextToNotify(current, hook.name);
      if (what === undefined) return;
      await withLimit(signal, NOTIFY_MS, (limited) =>
        hook.notify({ id: `${record.id}-${what}`, body: bodyOf(agent, current, what) }, limited),
      );
      await store.markNotified(record.id, hook.name, what);
      current = { ...current, told: { ...current.told, [hook.name]: what } };
    }
  };

  return {
    name: hook.name,
    test: (signal) => {
      const id = uuidV7({ msecs: clock.now() });
      const body = testBody(agent, id, instant(clock));
      return withLimit(signal, NOTIFY_MS, (limited) => hook.notify({ id: `${id}-test`, body }, limited));
    },
    async round(signal) {
      for (const id of refused.keys())
        if (!store.all().some((record) => record.id === id)) refused.delete(id);
      if (clock.monotonic() < notBefore) return due().length > 0 ? notBefore : undefined;
      let failed = 0;
      for (const record of due()) {
        if (signal.aborted || failed >= FAILURES_A_ROUND) break;
        try {
          await notify(record, signal);
          refused.delete(record.id);
          failures = 0;
        } catch (error) {
          failed += 1;
          refused.set(record.id, (refused.get(record.id) ?? 0) + 1);
          if (failed === 1)
            log.warn(
              { hook: hook.name, alert: record.kind, err: error },
              'an alert could not be delivered; it will be retried',
            );
        }
      }
      if (failed === 0) return undefined;
      failures += 1;
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
      notBefore = clock.monotonic() + pause / 2 + (pause / 2) * random();
      return notBefore;
    },
  };
}

/**
 * The body of a test alert. It has the shape of an alert, with "test" as event and kind, so that a paging system can
 * recognize test alerts.
 */
function testBody(agent: string, id: string, at: string): JsonObject {
  return {
    id,
    event: 'test',
    agent,
    alert: 'test',
    severity: 'warning',
    subject: 'test',
    panel: null,
    service_id: null,
    text: `This is a test alert of the agent ${agent}.`,
    commands: ['innkeeper alerts'],
    data: {},
    raised_at: at,
    cleared_at: null,
  };
}

function bodyOf(agent: string, record: AlertRecord, event: Told): JsonObject {
  return {
    id: record.id,
    event,
    agent,
    alert: record.kind,
    severity: ALERTS[record.kind].severity,
    subject: record.subject,
    panel: record.panel,
    service_id: record.serviceId,
    text: record.text,
    commands: [...(record.commands ?? [])],
    data: record.data,
    raised_at: record.raisedAt,
    cleared_at: event === 'cleared' ? record.clearedAt : null,
  };
}
