/** The term of a subscription, and the state that follows from it. */

export const STATES = ['active', 'grace', 'expired', 'suspended'] as const;
export type State = (typeof STATES)[number];

export interface Term {
  readonly suspended: boolean;
  /** RFC 3339; null: no end. */
  readonly expiresAt: string | null;
  readonly graceDays: number;
}

const DAY_MS = 86_400_000;

/** `now`: epoch ms. */
export function stateOf({ suspended, expiresAt, graceDays }: Term, now: number): State {
  if (suspended) return 'suspended';
  if (expiresAt === null || now < Date.parse(expiresAt)) return 'active';
  return now < Date.parse(expiresAt) + graceDays * DAY_MS ? 'grace' : 'expired';
}

/** The same day some months later, or the last day of that month if it is shorter. */
export function monthsAfter(from: Date, months: number): Date {
  const moved = new Date(from);
  moved.setUTCDate(1);
  moved.setUTCMonth(moved.getUTCMonth() + months);
  const last = new Date(Date.UTC(moved.getUTCFullYear(), moved.getUTCMonth() + 1, 0)).getUTCDate();
  moved.setUTCDate(Math.min(from.getUTCDate(), last));
  return moved;
}

/**
 * The end after a renewal. It is counted from the present end, so that an early renewal loses no day. An expired
 * subscription begins again today.
 */
export function renewedUntil(expiresAt: string | null, months: number, now: Date): string | null {
  if (months === 0) return null;
  const end = expiresAt === null ? now : new Date(expiresAt);
  return monthsAfter(end < now ? now : end, months).toISOString();
}
