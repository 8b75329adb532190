/**
 * Creates conditions that raise an alert because of a panel's request. Each alert stays active for a day after the last
 * such request.
 */
import type { AlertRecord, AlertSpec, NoticeKind } from '../../model/alert.js';
import { type Condition, type ConditionSources, DAY_MS, type Noticed } from '../condition.js';

export type NoticeText = Pick<AlertSpec, 'text' | 'commands'>;

/**
 * The time of the last request is only in memory. After a restart of the agent, the day is counted from the time when
 * the alert was raised.
 */
export function recentNotice(
  kind: NoticeKind,
  { notices, clock }: Pick<ConditionSources, 'notices' | 'clock'>,
  say: (panel: string, noticed: Omit<Noticed, 'at'>) => NoticeText,
): Condition {
  const alert = (panel: string, { plan, service }: Omit<Noticed, 'at'>): AlertSpec => ({
    kind,
    subject: panel,
    panel,
    serviceId: service ?? null,
    ...say(panel, { plan, ...(service === undefined ? {} : { service }) }),
    data: { plan },
  });
  return (active) => {
    const recent = [...notices(kind)].filter(([, { at }]) => clock.now() - at < DAY_MS);
    const others = active.filter(
      ({ subject, raisedAt }) =>
        !recent.some(([panel]) => panel === subject) && clock.now() - Date.parse(raisedAt) < DAY_MS,
    );
    return [
      ...recent.map(([panel, noticed]) => alert(panel, noticed)),
      ...others.map((record) => alert(record.subject, noticedIn(record))),
    ];
  };
}

function noticedIn({ data: { plan }, serviceId }: AlertRecord): Omit<Noticed, 'at'> {
  return {
    plan: typeof plan === 'string' ? plan : '?',
    ...(serviceId === null ? {} : { service: serviceId }),
  };
}
