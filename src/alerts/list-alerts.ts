/** Lists the alerts of the caller's panel and of the agent itself. The operator at the socket sees all alerts. */
import { ALERTS, type AlertRecord } from '../model/alert.js';
import type { Caller } from '../model/caller.js';
import type { Listener } from '../model/listener.js';

export interface ListedAlerts {
  /** Lists alerts in the order in which they were raised, including alerts that ended recently. */
  list(): readonly AlertRecord[];
  test(): Promise<readonly { readonly hook: string; readonly problem: string | null }[]>;
}

export function listAlerts(
  alerts: Pick<ListedAlerts, 'list'>,
  { panel }: Pick<Caller, 'panel'>,
  { listener, ended }: { readonly listener: Listener; readonly ended: boolean },
) {
  return alerts
    .list()
    .filter((record) => listener === 'socket' || record.panel === null || record.panel === panel)
    .filter(({ clearedAt }) => ended || clearedAt === null)
    .map((record) => ({
      id: record.id,
      alert: record.kind,
      severity: ALERTS[record.kind].severity,
      panel: record.panel,
      service_id: record.serviceId,
      text: record.text,
      commands: [...(record.commands ?? [])],
      data: record.data,
      raised_at: record.raisedAt,
      cleared_at: record.clearedAt,
      told: { ...record.told },
    }));
}
