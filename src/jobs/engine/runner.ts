/**
 * What runs next: one lane per subject, a bounded number of slots (some kept for interactive jobs), waiting jobs when
 * they are due, recovery at boot, stop.
 */
import { anySignal } from '../../kernel/async/any-signal.js';
import { pause } from '../../kernel/async/pause.js';
import { orSleep } from '../../kernel/async/race.js';
import { type Clock, instant } from '../../kernel/clock.js';
import { AgentError, asAgentError } from '../../kernel/errors.js';
import { isOpen, type Job, progressOf } from '../../model/job.js';
import type { EngineKinds } from '../../model/job-kinds.js';
import type { CircuitView } from '../../drivers/shared/circuit.js';
import { type AttemptDeps, runAttempt } from './attempt.js';
import { held } from './circuit-waits.js';
import { journal } from './journal.js';
import { byUrgency, gateOf, type Lane, laneId, laneOf } from './lane.js';
import { afterAttempt, type Ending, endsEarly, whenCancelled } from './policy.js';
import { mayBegin, type SlotRule } from './slots.js';
import { ordersFirst } from './event-loop-load.js';
import type { Subject } from './subject.js';
import type { SubjectKind, SubjectRef } from './subject-kind.js';

export interface Runner {
  /** Takes up every unfinished job and starts listening for new ones. */
  start(): Promise<void>;
  /**
   * Drains: no new step begins, short ones end, long ones are aborted and their jobs handed back. Within
   * `jobs.stop_s`.
   */
  stop(): Promise<void>;
  counts(): { readonly running: number; readonly waiting: number };
  /** A job that is due and has room, but has not begun: while the runner is alive, never for longer than a moment. */
  overdue(): string | undefined;
}

export interface RunnerDeps extends AttemptDeps {
  /** All that may have jobs. */
  readonly subjects: readonly SubjectKind[];
  readonly kinds: EngineKinds;
  readonly config: { readonly jobs: SlotRule & { readonly stop_s: number } };
  /** Whether the main thread has time for one more job that nobody waits for; each yes is for one. */
  readonly spare: () => boolean;
}

export function runner(deps: RunnerDeps, random: () => number = Math.random): Runner {
  const { subjects, clock, log, config, circuits, kinds } = deps;
  const lanes = new Map<string, Lane>();
  const running = new Map<string, Running>();
  const holding = new Set<string>();
  const draining = new AbortController();
  const stopping = new AbortController();
  let alarm: { readonly at: number; readonly off: AbortController } | undefined;
  let unlisten = (): void => {};
  let pumping = false;
  const room = ordersFirst(deps.spare, clock);
  const bookOf = ({ kind, key }: SubjectRef, jobId: string) => journal(kind, key, jobId, clock);
  const circumstances = () => ({ kinds, now: clock.now(), clockTrusted: clock.trusted() });

  const look = (ref: SubjectRef, { jobs }: Subject): void => {
    const id = laneId(ref);
    const first = jobs.find(isOpen);
    if (first && !lanes.has(id)) room.ordered();
    if (first) lanes.set(id, laneOf(kinds, ref, first, clock.now()));
    else lanes.delete(id);
    const busy = running.get(id);
    if (busy && jobs.some((job) => job.id === busy.jobId && endsEarly(kinds, job)))
      busy.halt.abort(new AgentError('aborted', 'The work was cancelled.'));
  };

  /** Once per turn of the loop, however many subjects changed in it. */
  const pumpSoon = (): void => {
    if (pumping) return;
    pumping = true;
    setImmediate(pump);
  };

  const pump = (): void => {
    pumping = false;
    if (draining.signal.aborted || running.size >= config.jobs.slots) return;
    const at = timeOf(clock);
    const { now } = at;
    let next = Infinity;
    for (;;) {
      const lane = mostUrgent(at);
      if (!lane) break;
      const { admits } = gateOf(lane, circuits, at);
      if (admits === 'none') {
        hold(lane);
        continue;
      }
      const verdict = mayBegin(lane, [...running.values()], config.jobs, room.spare);
      if (verdict === 'busy') next = now + BUSY_RETRY_MS;
      if (verdict !== 'yes') break;
      begin(lane, admits === 'probe');
    }
    for (const lane of lanes.values()) {
      const start = running.has(lane.id) ? now : startsAt(lane, at);
      if (start > now) next = Math.min(next, start);
    }
    wakeAt(next);
  };

  /** Epoch ms; never while another job finds out about the system that this one waits for. */
  const startsAt = (lane: Lane, at: LaneTime): number => {
    const gate = gateOf(lane, circuits, at);
    const isProbed =
      gate.admits === 'probe' && [...running.values()].some(({ probe }) => probe === lane.need);
    return isProbed ? Infinity : gate.startsAt;
  };

  const isIdle = ({ id }: Lane): boolean => !running.has(id) && !holding.has(id);

  const mostUrgent = (at: LaneTime): Lane | undefined => {
    let first: Lane | undefined;
    for (const lane of lanes.values())
      if (isIdle(lane) && (!first || byUrgency(lane, first) < 0) && startsAt(lane, at) <= at.now)
        first = lane;
    return first;
  };

  const begin = (lane: Lane, asProbe: boolean): void => {
    const halt = new AbortController();
    const done = attempt(lane, halt.signal).finally(() => {
      running.delete(lane.id);
      pump();
    });
    const probe = asProbe ? lane.need : undefined;
    running.set(lane.id, { interactive: lane.interactive, jobId: lane.jobId, probe, halt, done });
  };

  /** Makes a job that has not begun wait, without a thread and without a slot. */
  const hold = (lane: Lane): void => {
    holding.add(lane.id);
    bookOf(lane.subject, lane.jobId)
      .change((job) => held(kinds, job, circuits, clock.now()))
      .catch((error: unknown) => unrecorded(lane, error))
      .finally(() => {
        holding.delete(lane.id);
        pumpSoon();
      });
  };

  /** The record could not be written: leave the job as it stands and look again later. */
  const unrecorded = (lane: Lane, error: unknown): void => {
    log.error({ err: error, ...lineOf(lane.subject, lane.jobId) }, 'the attempt could not be recorded');
    lanes.set(lane.id, { ...lane, dueAt: clock.now() + RECORD_RETRY_MS });
  };

  /** Whoever waits for what has come back goes on at once. */
  const onCircuit = ({ name, state }: CircuitView): void => {
    if (state === 'closed') {
      for (const lane of lanes.values())
        if (lane.need !== undefined && `${name}:`.startsWith(`${lane.need}:`))
          lanes.set(lane.id, { ...lane, dueAt: 0 });
    }
    pumpSoon();
  };

  /** An alarm that comes sooner stays: it looks again. */
  const wakeAt = (at: number): void => {
    if (!Number.isFinite(at) || (alarm && alarm.at <= at)) return;
    alarm?.off.abort();
    const off = new AbortController();
    alarm = { at, off };
    const ms = Math.min(Math.max(0, at - clock.now()), LONGEST_SLEEP_MS);
    void pause(clock, ms, off.signal).then((isOver) => {
      if (!isOver) return;
      alarm = undefined;
      pump();
    });
  };

  const attempt = async (lane: Lane, halt: AbortSignal): Promise<void> => {
    try {
      const { kind, key } = lane.subject;
      const book = bookOf(lane.subject, lane.jobId);
      const job = await book.change((current) => begun(kinds, current, clock));
      // it was to be cancelled: then it has just ended, or turned back and comes up again
      if (job.status !== 'running') return;
      const stop = anySignal(stopping.signal, halt);
      const ending = await runAttempt(deps, { kind, key, value: await kind.get(key) }, job, {
        drain: draining.signal,
        stop: stop.signal,
      }).finally(stop.release);
      const after = await book.change((current) =>
        afterAttempt(current, ending, { ...circumstances(), random: random() }),
      );
      report(lane, after, ending);
    } catch (error) {
      unrecorded(lane, error);
    }
  };

  const report = (lane: Lane, job: Job, ending: Ending): void => {
    const line = {
      ...lineOf(lane.subject, job.id),
      request_id: job.requestId,
      method: job.method,
      ending: ending.kind,
      step: progressOf(job).step,
      status: job.status,
      error: job.error,
    };
    if (job.status === 'stuck')
      log.error({ ...line, alarm: 'job_stuck' }, 'the job is stuck: a person must finish it');
    else if (job.status === 'completed' || job.status === 'queued') log.info(line, 'attempt ended');
    else log.warn(line, 'attempt ended');
  };

  /**
   * What ran when the agent ended. On a disk that is full it is taken up all the same: its attempt begins when it can
   * be recorded.
   */
  const takeUp = async (ref: SubjectRef, orphan: Job): Promise<void> => {
    log.warn(lineOf(ref, orphan.id), 'taking up a job that was cut off');
    const ending = { kind: 'crashed', detail: 'the agent ended while the job ran' } as const;
    try {
      await bookOf(ref, orphan.id).change((job) =>
        afterAttempt(job, ending, { ...circumstances(), random: random() }),
      );
    } catch (error) {
      if (asAgentError(error).code !== 'state_unavailable') throw error;
      log.error({ err: error, ...lineOf(ref, orphan.id) }, 'the crash could not be recorded');
    }
  };

  return {
    async start() {
      const stops = [
        ...subjects.map((kind) =>
          kind.onChange((key, next) => {
            look({ kind, key }, next);
            pumpSoon();
          }),
        ),
        circuits.onChange(onCircuit),
      ];
      unlisten = () => stops.forEach((stop) => stop());
      for (const kind of subjects)
        for (const key of [...kind.unfinished()]) {
          const ref = { kind, key };
          const orphan = (await kind.get(key)).jobs.find((job) => job.status === 'running');
          if (orphan) await takeUp(ref, orphan);
          look(ref, await kind.get(key));
        }
      pump();
    },
    async stop() {
      draining.abort();
      alarm?.off.abort();
      unlisten();
      const all = Promise.allSettled([...running.values()].map(({ done }) => done));
      const atMost = (ms: number): Promise<unknown> => orSleep(all, clock, ms);
      const stopMs = config.jobs.stop_s * 1000;
      const settleMs = Math.min(SETTLE_MS, stopMs * MOST_SETTLING);
      await atMost(stopMs - settleMs);
      stopping.abort(new StopError());
      await atMost(settleMs);
      await deps.threads.stop();
      await atMost(RECORD_MS);
    },
    counts: () => ({ running: running.size, waiting: lanes.size - running.size }),
    overdue() {
      const at = timeOf(clock);
      const lane = stopping.signal.aborted ? undefined : mostUrgent(at);
      if (!lane || gateOf(lane, circuits, at).admits !== 'all') return undefined;
      const room = mayBegin(lane, [...running.values()], config.jobs, () => false) === 'yes';
      return room ? lane.jobId : undefined;
    },
  };
}

const lineOf = ({ kind, key }: SubjectRef, jobId: string) => ({ job_id: jobId, [kind.name]: key });

interface LaneTime {
  readonly now: number;
  readonly trusted: boolean;
}

const timeOf = (clock: Clock): LaneTime => ({ now: clock.now(), trusted: clock.trusted() });

interface Running {
  readonly interactive: boolean;
  readonly jobId: string;
  /** The circuit it finds out about for all who wait for it. */
  readonly probe: string | undefined;
  /** Ends the attempt when its job is cancelled. */
  readonly halt: AbortController;
  readonly done: Promise<void>;
}

/** What was aborted learns how its last call ended: drivers wait some 4 s for that. */
const SETTLE_MS = 5_000;
/** Of the time for a stop. */
const MOST_SETTLING = 0.75;
const RECORD_MS = 300;
const RECORD_RETRY_MS = 5_000;
const BUSY_RETRY_MS = 100;
/** Long waits are looked at again: the clock may be set meanwhile. */
const LONGEST_SLEEP_MS = 600_000;

class StopError extends Error {
  override readonly name = 'StopError';
  constructor() {
    super('the agent is stopping');
  }
}

/** Its attempt counts as begun, unless there is nothing to begin. */
function begun(kinds: EngineKinds, job: Job, clock: Clock): Job {
  if (!isOpen(job)) return job;
  if (endsEarly(kinds, job)) return whenCancelled(job, { kinds, now: clock.now() }) ?? job;
  return {
    ...job,
    status: 'running',
    attempts: job.attempts + 1,
    startedAt: job.startedAt ?? instant(clock),
  };
}
