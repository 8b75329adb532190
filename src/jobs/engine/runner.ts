/**
 * Decides which job runs next. Each subject has one lane, and the number of slots is limited, with some slots reserved
 * for interactive jobs. The runner also starts waiting jobs when they are due, resumes jobs at boot, and stops all jobs
 * at the end.
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
  /** Resumes every unfinished job and listens for new ones. */
  start(): Promise<void>;
  /**
   * Stops all jobs: no new step begins, steps that end soon may finish, and all other steps are aborted. The aborted
   * jobs stay unfinished and continue after the next start. Takes at most `jobs.stop_s`.
   */
  stop(): Promise<void>;
  counts(): { readonly running: number; readonly waiting: number };
  /**
   * Returns a job that has not begun although it is due and a slot is free. While the runner works normally, this is
   * the case only for a moment.
   */
  overdue(): string | undefined;
}

export interface RunnerDeps extends AttemptDeps {
  /** All kinds of subjects that can have jobs. */
  readonly subjects: readonly SubjectKind[];
  readonly kinds: EngineKinds;
  readonly config: { readonly jobs: SlotRule & { readonly stop_s: number } };
  /** Whether the job must not begin. A change of any subject makes the runner ask again. */
  readonly isHeld?: (lane: Lane) => boolean;
  /** Whether the main thread has time for another non-interactive job. Each true result allows only one job. */
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
  const journalOf = ({ kind, key }: SubjectRef, jobId: string) => journal(kind, key, jobId, clock);
  const circumstances = () => ({ kinds, now: clock.now(), clockTrusted: clock.trusted() });

  const look = (ref: SubjectRef, { jobs }: Subject): void => {
    const id = laneId(ref);
    const first = jobs.find(isOpen);
    if (first && !lanes.has(id) && ref.kind.isBackground !== true) room.ordered();
    if (first) lanes.set(id, laneOf(kinds, ref, first, clock.now()));
    else lanes.delete(id);
    const busy = running.get(id);
    if (busy && jobs.some((job) => job.id === busy.jobId && endsEarly(kinds, job)))
      busy.halt.abort(new AgentError('aborted', 'The job was cancelled.'));
  };

  /**
   * Schedules the decision about which jobs begin. It is made only once per turn of the event loop, even if many
   * subjects have changed in that turn.
   */
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

  /** When the job may start (epoch ms). Infinite while another job probes the system that this job waits for. */
  const startsAt = (lane: Lane, at: LaneTime): number => {
    if (deps.isHeld?.(lane)) return Infinity;
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

  /** Records a job that has not begun as waiting. This needs neither a thread nor a slot. */
  const hold = (lane: Lane): void => {
    holding.add(lane.id);
    journalOf(lane.subject, lane.jobId)
      .change((job) => held(kinds, job, circuits, clock.now()))
      .catch((error: unknown) => unrecorded(lane, error))
      .finally(() => {
        holding.delete(lane.id);
        pumpSoon();
      });
  };

  /** Called when the record of a job could not be written. The job stays unchanged and is checked again later. */
  const unrecorded = (lane: Lane, error: unknown): void => {
    log.error(
      { err: error, ...lineOf(lane.subject, lane.jobId) },
      'the agent could not save that an attempt of the job began or ended',
    );
    lanes.set(lane.id, { ...lane, dueAt: clock.now() + RECORD_RETRY_MS });
  };

  /** Jobs that wait for a system continue as soon as the system responds again. */
  const onCircuit = ({ name, state }: CircuitView): void => {
    if (state === 'closed') {
      for (const lane of lanes.values())
        if (lane.need !== undefined && `${name}:`.startsWith(`${lane.need}:`))
          lanes.set(lane.id, { ...lane, dueAt: 0 });
    }
    pumpSoon();
  };

  /**
   * Sets the alarm, unless it is already set to an earlier time. When it rings, the time of the next alarm is computed
   * again.
   */
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
      const jobJournal = journalOf(lane.subject, lane.jobId);
      const job = await jobJournal.change((current) =>
        begun(kinds, deps.code.current?.(current) ?? current, clock),
      );
      // the job was cancelled in the meantime, so either it has ended or its undo is queued
      if (job.status !== 'running') return;
      const stop = anySignal(stopping.signal, halt);
      const ending = await runAttempt(deps, { kind, key, value: await kind.get(key) }, job, {
        drain: draining.signal,
        stop: stop.signal,
      }).finally(stop.release);
      const after = await jobJournal.change((current) =>
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
      ...(ending.kind === 'crashed' ? { detail: ending.detail } : {}),
      step: progressOf(job).step,
      status: job.status,
      error: job.error,
    };
    const message = `an attempt of the job ${job.method} has ended; the job is ${job.status}`;
    if (job.status === 'stuck')
      log.error({ ...line, alarm: 'job_stuck' }, 'the job is stuck: an operator must finish it');
    else if (job.status === 'completed' || job.status === 'queued') log.info(line, message);
    else log.warn(line, message);
  };

  /**
   * Resumes a job that was running when the agent ended. If the disk is full, the attempt begins only when it can be
   * recorded.
   */
  const resume = async (ref: SubjectRef, orphan: Job): Promise<void> => {
    log.warn(lineOf(ref, orphan.id), 'resuming an interrupted job');
    const ending = { kind: 'crashed', detail: 'the agent stopped while the job was running' } as const;
    try {
      await journalOf(ref, orphan.id).change((job) =>
        afterAttempt(job, ending, { ...circumstances(), random: random() }),
      );
    } catch (error) {
      if (asAgentError(error).code !== 'state_unavailable') throw error;
      log.error(
        { err: error, ...lineOf(ref, orphan.id) },
        'the agent could not save that the job was interrupted',
      );
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
          if (orphan) await resume(ref, orphan);
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
      await Promise.all([deps.threads.stop(), deps.processes.stop()]);
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

const lineOf = ({ kind, key }: SubjectRef, jobId: string) => ({ job_id: jobId, ...kind.logFields(key) });

interface LaneTime {
  readonly now: number;
  readonly trusted: boolean;
}

const timeOf = (clock: Clock): LaneTime => ({ now: clock.now(), trusted: clock.trusted() });

interface Running {
  readonly interactive: boolean;
  readonly jobId: string;
  /** The circuit that this attempt probes, on behalf of all jobs that wait for that circuit. */
  readonly probe: string | undefined;
  /** Aborted when the job is cancelled. */
  readonly halt: AbortController;
  readonly done: Promise<void>;
}

/** Time in which aborted steps can get the result of their last call. Drivers wait about 4 s for the end of a call. */
const SETTLE_MS = 5_000;
/** Largest share of the total time of a stop that may be spent on waiting for aborted steps. */
const MOST_SETTLING = 0.75;
const RECORD_MS = 300;
const RECORD_RETRY_MS = 5_000;
const BUSY_RETRY_MS = 100;
/** The longest sleep. Longer waits are recomputed after this time, because the clock may be set in the meantime. */
const LONGEST_SLEEP_MS = 600_000;

class StopError extends Error {
  override readonly name = 'StopError';
  constructor() {
    super('the agent is stopping');
  }
}

/** The job with one more attempt counted. If the job was cancelled and has nothing to run, no attempt is counted. */
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
