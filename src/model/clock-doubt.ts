/**
 * Pure rules that decide whether the wall clock is right. The wall clock is compared with the host's uptime, which
 * cannot be set.
 */

/** One reading of the host's clocks. */
export interface TimeReading {
  /** Epoch ms. */
  readonly wall: number;
  /** Milliseconds since the host started, including time suspended or hibernated. */
  readonly uptime: number;
}

/** The last trusted reading, as kept on disk. */
export interface TimeMark extends TimeReading {
  /** Changes with every boot of the host. */
  readonly bootId: string;
}

/** A trusted instant from which later instants are measured. */
export interface TimeAnchor extends TimeReading {
  /** True when the host was off after this instant, for an unknown time. */
  readonly hostWasOff: boolean;
}

/**
 * `ahead`: the wall clock advanced further than the uptime did. `behind`: it was set back. `long_off`: it is far ahead
 * of the last reading before the boot. Either the host was off for a long time, or the clock is wrong.
 */
export const CLOCK_DOUBTS = ['ahead', 'behind', 'long_off'] as const;
export type ClockDoubtKind = (typeof CLOCK_DOUBTS)[number];

export interface ClockDoubt {
  readonly kind: ClockDoubtKind;
  /** The wall clock's error in ms; for `long_off` the largest possible error. */
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
  /** Undefined while the wall clock is trusted. */
  readonly doubt: ClockDoubt | undefined;
}

export interface Timekeeper {
  view(): ClockView;
  /**
   * Records an operator's confirmation that the wall clock is now right. Throws `state_unavailable` if the confirmation
   * could not be saved; the confirmation then holds only until the next start.
   */
  confirm(): Promise<ClockView>;
}

/** Tolerated error. Corrections by a time service, leap seconds and delayed readings stay well below this. */
export const TOLERANCE_MS = 300_000;
/** A reboot is assumed to take no longer than this. No date in the agent needs to be more exact than an hour. */
export const LONGEST_REBOOT_MS = 3_600_000;

/**
 * The instant from which time is measured after a start. `newest` is the latest instant (epoch ms) in the records; it
 * is used when no mark exists.
 */
export function anchorAtStart(
  mark: TimeMark | undefined,
  newest: number | undefined,
  bootId: string,
  now: TimeReading,
): TimeAnchor {
  if (mark) {
    const same: TimeAnchor = { wall: mark.wall, uptime: mark.uptime, hostWasOff: false };
    // without a boot id, a reboot cannot be distinguished from a clock jump; if a reboot would explain the clock, a
    // reboot is assumed because it is more likely
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
