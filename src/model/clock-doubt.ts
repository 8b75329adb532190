/**
 * Whether the wall clock went as far as time did. It is compared with the host's uptime, which nobody sets. Pure
 * rules.
 */

/** One look at the host's clocks. */
export interface TimeReading {
  /** Epoch ms. */
  readonly wall: number;
  /** Ms since the host started, time spent suspended or hibernated included. */
  readonly uptime: number;
}

/** What is kept on disk of the last look that was believed. */
export interface TimeMark extends TimeReading {
  /** Changes with every start of the host. */
  readonly bootId: string;
}

/** An instant that is believed; everything later is measured from it. */
export interface TimeAnchor extends TimeReading {
  /** The host was off in between, for nobody knows how long. */
  readonly hostWasOff: boolean;
}

/**
 * `ahead`: the wall clock went further than time did. `behind`: it was set back. `long_off`: it is far ahead of the
 * last time the host was on, because the host was off for long or because the clock is wrong.
 */
export const CLOCK_DOUBTS = ['ahead', 'behind', 'long_off'] as const;
export type ClockDoubtKind = (typeof CLOCK_DOUBTS)[number];

export interface ClockDoubt {
  readonly kind: ClockDoubtKind;
  /** Wall clock minus what it should say, in ms; of `long_off` the most that it can be. */
  readonly offMs: number;
  /** Epoch ms that the wall clock should say; of `long_off` the least. */
  readonly expected: number;
}

/** What is known of the wall clock, for operators. */
export interface ClockView {
  readonly trusted: boolean;
  /** Epoch ms: the host's, and the time that the agent goes by. */
  readonly wall: number;
  readonly agent: number;
  /** Undefined while it is trusted. */
  readonly doubt: ClockDoubt | undefined;
}

export interface Timekeeper {
  view(): ClockView;
  /**
   * A person says that the wall clock is right as it is now. Throws `state_unavailable` when that could not be kept;
   * it holds until the next start all the same.
   */
  confirm(): Promise<ClockView>;
}

/** Steps of a time service, leap seconds and a late look stay well below. */
export const TOLERANCE_MS = 300_000;
/** A reboot takes no longer than this; no date of ours is worth an hour. */
export const LONGEST_REBOOT_MS = 3_600_000;

/**
 * Where to measure from after a start. `newest`: the latest instant (epoch ms) in the records, used when there is no
 * mark.
 */
export function anchorAtStart(
  mark: TimeMark | undefined,
  newest: number | undefined,
  bootId: string,
  now: TimeReading,
): TimeAnchor {
  if (mark) {
    const same: TimeAnchor = { wall: mark.wall, uptime: mark.uptime, hostWasOff: false };
    // where the host does not name its starts, one that explains the clock is likelier than a jump
    const sameStart = bootId === '' ? doubtOf(same, now) === undefined : mark.bootId === bootId;
    if (sameStart && now.uptime >= mark.uptime) return same;
    return { wall: mark.wall, uptime: 0, hostWasOff: true };
  }
  if (newest !== undefined) return { wall: newest, uptime: now.uptime, hostWasOff: true };
  return { ...now, hostWasOff: false };
}

/** Epoch ms. */
export function expectedWall(anchor: TimeAnchor, uptime: number): number {
  return anchor.wall + uptime - anchor.uptime;
}

/** Undefined when the wall clock says what it should. */
export function doubtOf(anchor: TimeAnchor, now: TimeReading): ClockDoubt | undefined {
  const expected = expectedWall(anchor, now.uptime);
  const offMs = now.wall - expected;
  if (offMs < -TOLERANCE_MS) return { kind: 'behind', offMs, expected };
  if (anchor.hostWasOff) return offMs > LONGEST_REBOOT_MS ? { kind: 'long_off', offMs, expected } : undefined;
  return offMs > TOLERANCE_MS ? { kind: 'ahead', offMs, expected } : undefined;
}
