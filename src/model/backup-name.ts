/**
 * Names of backups: `BAK<DDMMYYYY>-<N>`. The day is in the agent's time zone, and N is the number of the backup on that
 * day. No number is used twice on a day, even after a deletion.
 */

/** `DDMMYYYY` of an instant (epoch ms). */
export function dayOf(now: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
  }).formatToParts(now);
  const part = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((one) => one.type === type)?.value ?? '';
  return `${part('day')}${part('month')}${part('year').padStart(4, '0')}`;
}

interface Counted {
  readonly day: string;
  readonly number: number;
}

export interface LastBackup extends Counted {
  /**
   * The day before `day`, with the number of its last backup. It is kept because the previous day becomes the present
   * day again if the clock is set back past midnight or the time zone is changed.
   */
  readonly before?: Counted;
}

/**
 * The backup name that follows `last`, and the count to store. `taken` contains the existing names, which are never
 * chosen.
 */
export function nextBackup(
  day: string,
  last: LastBackup | null,
  taken: ReadonlySet<string>,
): { readonly name: string; readonly last: LastBackup } {
  const known = [last, last?.before].find((one) => one?.day === day);
  let number = (known?.number ?? 0) + 1;
  while (taken.has(nameOf(day, number))) number += 1;
  const other = last?.day === day ? last.before : last;
  const before = other ? { before: { day: other.day, number: other.number } } : {};
  return { name: nameOf(day, number), last: { day, number, ...before } };
}

const nameOf = (day: string, number: number): string => `BAK${day}-${number}`;
