/** Names of backups: `BAK<DDMMYYYY>-<N>`, the day in the agent's time zone; N counts the day's backups and is never used twice. */

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

export interface LastBackup {
  readonly day: string;
  readonly number: number;
}

/** What comes after `last`. `taken`: names that exist, which no record may lead back to. */
export function nextBackup(
  day: string,
  last: LastBackup | null,
  taken: ReadonlySet<string>,
): LastBackup & { readonly name: string } {
  let number = last?.day === day ? last.number + 1 : 1;
  while (taken.has(nameOf(day, number))) number += 1;
  return { day, number, name: nameOf(day, number) };
}

const nameOf = (day: string, number: number): string => `BAK${day}-${number}`;
