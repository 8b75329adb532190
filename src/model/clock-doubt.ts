/**
 * Whether the wall clock is right. It is compared with the host's uptime, which cannot be set. Pure rules.
 */

/** One reading of the host's clocks. */
export interface TimeReading {
  /** Epoch ms. */
  readonly wall: number;
  /** Ms since the host started, time spent suspended or hibernated included. */
  readonly uptime: number;
}

/** The last trusted reading, as kept on disk. */
export interface TimeMark extends TimeReading {
  /** Changes with every boot of the host. */
  readonly bootId: string;
}

/** A trusted instant; everything later is measured from it. */
export interface TimeAnchor extends TimeReading {
  /** The host was off in between, for an unknown time. */
  readonly hostWasOff: boolean;
}

/**
 * `ahead`: the wall clock advanced further than the uptime did. `behind`: it was set back. `long_off`: it is far
 * ahead of the last reading before the boot, because the host was off for long or because the clock is wrong.
 */
export const CLOCK_DOUBTS = ['ahead', 'behind', 'long_off'] as const;
export type ClockDoubtKind = (typeof CLOCK_DOUBTS)[number];

export interface ClockDoubt {
  readonly kind: ClockDoubtKind;
  /** The wall clock's error in ms; for `long_off` the largest possible one. */
  readonly offMs: number;
  /** Epoch ms that the wall clock should show; for `long_off` the earliest possible. */
  readonly expected: number;
}

/** The state of the wall clock, for operators. */
export interface ClockView {
  readonly trusted: boolean;
  /** Epoch ms: the host's time, and the time that the agent uses. */
  readonly wall: number;
  readonly agent: number;
  /** Undefined while it is trusted. */
  readonly doubt: ClockDoubt | undefined;
}

export interface Timekeeper {
  view(): ClockView;
  /**
   * An operator confirms that the wall clock is right as it is now. Throws `state_unavailable` when the confirmation
   * could not be saved; it is then only valid until the next start.
   */
  confirm(): Promise<ClockView>;
}

/** Steps of a time service, leap seconds and a late reading stay well below this. */
export const TOLERANCE_MS = 300_000;
/** A reboot takes no longer than this. None of the agent's dates needs to be more exact than an hour. */
export const LONGEST_REBOOT_MS = 3_600_000;

/**
 * The instant to measure from after a start. `newest`: the latest instant (epoch ms) in the records, used without a
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
    // where the host has no boot id, a boot that explains the clock is more likely than a jump
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

/** Undefined when the wall clock is within tolerance. */
export function doubtOf(anchor: TimeAnchor, now: TimeReading): ClockDoubt | undefined {
  const expected = expectedWall(anchor, now.uptime);
  const offMs = now.wall - expected;
  if (offMs < -TOLERANCE_MS) return { kind: 'behind', offMs, expected };
  if (anchor.hostWasOff) return offMs > LONGEST_REBOOT_MS ? { kind: 'long_off', offMs, expected } : undefined;
  return offMs > TOLERANCE_MS ? { kind: 'ahead', offMs, expected } : undefined;
}
