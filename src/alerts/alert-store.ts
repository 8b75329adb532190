/**
 * Stores the active alerts. Each condition has one alert, which is saved on disk. An alert that cannot be saved is kept
 * in memory and saved later, because a disk that fails must raise an alert too.
 */
import { isDeepStrictEqual } from 'node:util';
import { v7 as uuidV7 } from 'uuid';
import {
  type AlertKind,
  type AlertRecord,
  type AlertSpec,
  isForgotten,
  sameAlert,
  type Told,
} from '../model/alert.js';
import { type Clock, instant } from '../kernel/clock.js';
import type { DocumentStore } from '../state/contract.js';

export interface AlertStore {
  /** All alerts, in the order in which they were raised. */
  all(): readonly AlertRecord[];
  active(kind: AlertKind): readonly AlertRecord[];
  /**
   * Raises alerts for new conditions of a kind, updates the text of the others, and clears alerts whose condition no
   * longer exists.
   */
  settle(kind: AlertKind, specs: readonly AlertSpec[]): Promise<void>;
  /** Raises the alert, or updates the text of the active alert with this kind and subject. */
  raise(spec: AlertSpec): Promise<void>;
  /** Clears the active alert with this kind and subject, if there is one. */
  clear(kind: AlertKind, subject: string): Promise<void>;
  markNotified(id: string, hook: string, what: Told): Promise<void>;
  /** Saves the alerts that could not be saved earlier, and removes old alerts. */
  tidy(hooks: readonly string[]): Promise<void>;
}

export interface AlertStoreDeps {
  readonly alerts: DocumentStore<AlertRecord>;
  readonly clock: Clock;
  /** Called for each alert that is raised or cleared. */
  readonly changed: (record: AlertRecord) => void;
}

export function alertStore({ alerts, clock, changed }: AlertStoreDeps): AlertStore {
  const records = new Map(alerts.list().map((record) => [record.id, record]));
  const unsaved = new Set<string>();

  const save = async (record: AlertRecord): Promise<void> => {
    records.set(record.id, record);
    try {
      await alerts.commit(record.id, () => record);
      unsaved.delete(record.id);
    } catch {
      unsaved.add(record.id);
    }
  };

  const all = (): AlertRecord[] => [...records.values()].sort((a, b) => a.raisedAt.localeCompare(b.raisedAt));
  const active = (kind: AlertKind): AlertRecord[] =>
    all().filter((record) => record.kind === kind && record.clearedAt === null);

  const activeOne = (kind: AlertKind, matches: (record: AlertRecord) => boolean): AlertRecord | undefined => {
    for (const record of records.values())
      if (record.kind === kind && record.clearedAt === null && matches(record)) return record;
    return undefined;
  };

  const raise = async (spec: AlertSpec): Promise<void> => {
    const known = activeOne(spec.kind, (record) => sameAlert(record, spec));
    if (known) {
      // only the text has changed: no new notification is sent, but the alert is saved with the new text for lists
      if (!saysTheSame(known, spec)) await save({ ...known, ...spec });
      return;
    }
    const id = uuidV7({ msecs: clock.now() });
    const record: AlertRecord = {
      schema: 1,
      id,
      ...spec,
      raisedAt: instant(clock),
      clearedAt: null,
      told: {},
    };
    await save(record);
    changed(record);
  };
  const end = async (record: AlertRecord): Promise<void> => {
    const cleared = { ...record, clearedAt: instant(clock) };
    await save(cleared);
    changed(cleared);
  };

  return {
    all,
    active,
    async settle(kind, specList) {
      const before = active(kind);
      for (const spec of specList) await raise(spec);
      for (const record of before)
        if (!specList.some((wanted) => sameAlert(record, wanted))) await end(record);
    },
    raise,
    async clear(kind, subject) {
      const known = activeOne(kind, (record) => record.subject === subject);
      if (known) await end(known);
    },
    async markNotified(id, hook, what) {
      const record = records.get(id);
      if (record) await save({ ...record, told: { ...record.told, [hook]: what } });
    },
    async tidy(hooks) {
      for (const record of all()) {
        if (unsaved.has(record.id)) await save(record);
        if (!clock.trusted() || !isForgotten(record, hooks, clock.now())) continue;
        await alerts.remove(record.id);
        records.delete(record.id);
        unsaved.delete(record.id);
      }
    },
  };
}

function saysTheSame({ text, commands, data }: AlertRecord, wanted: AlertSpec): boolean {
  return isDeepStrictEqual(
    { text, commands, data },
    { text: wanted.text, commands: wanted.commands, data: wanted.data },
  );
}
