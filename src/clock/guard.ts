/**
 * Watches the wall clock for jumps. After a jump, the agent continues from the last trusted time, and `trusted()`
 * returns false. This ends when the jump is undone or the new time is confirmed. Code that erases, purges or abandons
 * by date checks `trusted()` first.
 */
import { pause } from '../kernel/async/pause.js';
import { type Clock, systemClock } from '../kernel/clock.js';
import {
  anchorAtStart,
  type ClockDoubt,
  type ClockView,
  doubtOf,
  expectedWall,
  type Timekeeper,
  TOLERANCE_MS,
} from '../model/clock-doubt.js';
import { AgentError } from '../kernel/errors.js';
import type { DriverLog } from '../drivers/shared/log.js';
import type { HostTime } from './host-time.js';
import { markFile, readMark, writeMark } from './mark-file.js';

export interface ClockGuard extends Timekeeper {
  readonly clock: Clock;
  /** Adds a listener that is called when the clock is no longer trusted and when it is trusted again. */
  onChange(listener: () => void): void;
  /**
   * Starts checking and saving the time regularly. `newest` is the latest timestamp in the records; it is used if the
   * state folder contains no time mark yet.
   */
  start(newest: number | undefined): void;
  stop(): Promise<void>;
}

export interface GuardOptions {
  readonly stateDir: string;
  readonly host: HostTime;
  readonly log: DriverLog;
  /** Replaces the sleep between two checks; only for tests. */
  readonly sleep?: Clock['sleep'];
}

const LOOK_MS = 5_000;
/** Reading the uptime takes some 20 microseconds, so concurrent callers share one reading. */
const SHARED_MS = 1_000;
const REMEMBER_MS = 600_000;
const ASK_TIME_SERVICE_MS = 60_000;

/** Reads the saved time mark. Nothing is written before `start`. */
export async function clockGuard({
  stateDir,
  host,
  log,
  sleep = systemClock.sleep.bind(systemClock),
}: GuardOptions): Promise<ClockGuard> {
  const file = markFile(stateDir);
  const mark = await readMark(file);
  const stopping = new AbortController();
  const listeners: (() => void)[] = [];
  let anchor = anchorAtStart(mark, undefined, host.bootId, reading());
  let steady = host.monotonic() - (host.uptime() - anchor.uptime);
  let doubt: ClockDoubt | undefined;
  /**
   * If there is no saved time mark, the agent first reads the records and then decides whether the clock is right,
   * because a record may have a later time than the clock.
   */
  let isSettled = mark !== undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let rememberedAt = Number.NEGATIVE_INFINITY;
  let writing: Promise<void> = Promise.resolve();
  let work: Promise<void> | undefined;

  function reading(): { wall: number; uptime: number } {
    return { wall: host.wall(), uptime: host.uptime() };
  }

  const believe = (now: { wall: number; uptime: number }): void => {
    anchor = { ...now, hostWasOff: false };
    steady = host.monotonic();
  };

  const look = (): void => {
    const now = reading();
    lookedAt = host.monotonic();
    const before = doubt;
    doubt = doubtOf(anchor, now);
    // If the clock is not in doubt, the present reading becomes the anchor at once after a reboot, and after a
    // suspension that the monotonic clock did not count.
    if (!doubt && (anchor.hostWasOff || strayed())) believe(now);
    if ((before === undefined) !== (doubt === undefined)) turned();
  };

  const turned = (): void => {
    if (doubt)
      log.error(
        { alarm: 'clock_jump', kind: doubt.kind, off_s: Math.round(doubt.offMs / 1000) },
        'the wall clock jumped: until it is correct or an operator confirms it, the agent deletes no expired data and fails no old job',
      );
    else log.info({}, 'the wall clock is correct again');
    for (const listener of listeners) listener();
  };

  /**
   * True if the wall clock and the monotonic clock have diverged. Either the wall clock jumped, or the machine was
   * suspended.
   */
  const strayed = (): boolean =>
    Math.abs(host.wall() - anchor.wall - (host.monotonic() - steady)) > TOLERANCE_MS;

  const now = (): number => {
    if (!strayed()) return host.wall();
    look();
    // After the host was off for a long time, the wall clock is more likely to be correct than the saved time.
    return doubt && doubt.kind !== 'long_off' ? expectedWall(anchor, host.uptime()) : host.wall();
  };

  const trusted = (): boolean => {
    const since = host.monotonic() - lookedAt;
    if (doubt || strayed() || since > SHARED_MS) look();
    return isSettled && doubt === undefined;
  };

  const remember = (): Promise<void> => {
    rememberedAt = host.monotonic();
    const seen = reading();
    writing = writing.catch(() => {}).then(() => writeMark(file, { ...seen, bootId: host.bootId }));
    return writing;
  };

  const unremembered = (error: unknown): void => {
    log.warn({ err: error }, 'the time could not be saved; it will be retried');
  };

  /** Small clock corrections add up over months but are not jumps, so the anchor follows them. */
  const rememberIfDue = async (): Promise<void> => {
    if (!trusted() || host.monotonic() - rememberedAt < REMEMBER_MS) return;
    believe(reading());
    await remember();
  };

  const view = (): ClockView => {
    look();
    return { trusted: doubt === undefined, wall: host.wall(), agent: now(), doubt };
  };

  const accept = async (): Promise<void> => {
    believe(reading());
    look();
    await remember();
  };

  const longOff = (): ClockDoubt | undefined => {
    look();
    return doubt?.kind === 'long_off' ? doubt : undefined;
  };

  /**
   * If the host was off for a long time, the clock is accepted as soon as the host's time service reports that it is
   * synchronised. After any other jump, the report of the time service is no proof.
   */
  const askTimeService = async (): Promise<void> => {
    if (!longOff() || (await host.synchronised(stopping.signal)) !== true || stopping.signal.aborted) return;
    const vouched = longOff();
    if (!vouched) return;
    log.warn(
      { off_s: Math.round(vouched.offMs / 1000) },
      'the host was off for a long time; its time service confirms the clock',
    );
    await accept();
  };

  const run = async (): Promise<void> => {
    let askAt = host.monotonic();
    while (!stopping.signal.aborted) {
      await rememberIfDue().catch(unremembered);
      if (host.monotonic() >= askAt) {
        await askTimeService().catch(unremembered);
        askAt = host.monotonic() + ASK_TIME_SERVICE_MS;
      }
      await pause({ sleep }, LOOK_MS, stopping.signal, true);
    }
  };

  const clock: Clock = {
    now,
    trusted,
    monotonic: () => host.monotonic(),
    sleep: systemClock.sleep.bind(systemClock),
  };
  look();
  return {
    clock,
    view,
    onChange: (listener) => void listeners.push(listener),
    async confirm() {
      const off = doubt;
      log.warn(
        { decision: 'clock-confirm', kind: off?.kind, off_s: Math.round((off?.offMs ?? 0) / 1000) },
        'an operator confirmed the clock',
      );
      await accept().catch((error: unknown) => {
        throw new AgentError(
          'state_unavailable',
          'The clock is trusted now, but the confirmation could not be saved.',
          {
            role: 'agent',
            detail: String(error),
            cause: error,
          },
        );
      });
      return view();
    },
    start(newest) {
      if (!mark && newest !== undefined) {
        anchor = anchorAtStart(undefined, newest, host.bootId, reading());
        steady = host.monotonic();
        look();
      }
      isSettled = true;
      work = run();
    },
    async stop() {
      stopping.abort(new Error('the agent is stopping'));
      await work;
      if (trusted()) await remember().catch(unremembered);
    },
  };
}
