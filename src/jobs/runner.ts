/** What runs next: one lane per service, a bounded number of slots (some kept for interactive jobs), waiting jobs when they are due, recovery at boot, stop. */
import { anySignal } from '../domain/any-signal.js';
import { type Clock, instant } from '../domain/clock.js';
import { AgentError } from '../domain/errors.js';
import { isOpen, type Job } from '../domain/job.js';
import { keyOf, type Service, type ServiceKey } from '../domain/service.js';
import { type AttemptDeps, runAttempt } from './attempt.js';
import { journal } from './journal.js';
import { afterAttempt, type Ending, whenCancelled } from './policy.js';
import { mayBegin } from './slots.js';

/** The first open job of a service: only that one may run. */
interface Lane {
  readonly key: ServiceKey;
  readonly jobId: string;
  readonly interactive: boolean;
  readonly createdAt: string;
  /** Epoch ms from which it may start. */
  readonly dueAt: number;
}

export interface Runner {
  /** Takes up every unfinished job and starts listening for new ones. */
  start(): Promise<void>;
  /** Drains: no new step begins, short ones end, long ones are aborted and their jobs handed back. Within `jobs.stop_s`. */
  stop(): Promise<void>;
  counts(): { readonly running: number; readonly waiting: number };
  /** A job that is due and has room, but has not begun: while the runner is alive, never for longer than a moment. */
  overdue(): string | undefined;
}

export interface RunnerDeps extends AttemptDeps {
  /** Whether the main thread has time for one more job that nobody waits for; each yes is for one. */
  readonly spare: () => boolean;
}

export function runner(deps: RunnerDeps, random: () => number = Math.random): Runner {
  const { services, clock, log, config } = deps;
  const lanes = new Map<ServiceKey, Lane>();
  const running = new Map<ServiceKey, Running>();
  const draining = new AbortController();
  const stopping = new AbortController();
  let alarm: { readonly at: number; readonly off: AbortController } | undefined;
  let unlisten = (): void => {};
  let pumping = false;

  const look = (service: Service): void => {
    const key = keyOf(service);
    const first = service.jobs.find(isOpen);
    if (first) lanes.set(key, laneOf(key, first));
    else lanes.delete(key);
    const busy = running.get(key);
    if (busy && service.jobs.some((job) => job.id === busy.jobId && endsEarly(job)))
      busy.halt.abort(new AgentError('aborted', 'The work was cancelled.'));
  };

  /** Once per turn of the loop, however many services changed in it. */
  const pumpSoon = (): void => {
    if (pumping) return;
    pumping = true;
    setImmediate(pump);
  };

  const pump = (): void => {
    pumping = false;
    if (draining.signal.aborted || running.size >= config.jobs.slots) return;
    const now = clock.now();
    let next = Infinity;
    for (;;) {
      const lane = mostUrgent(now);
      if (!lane) break;
      const verdict = mayBegin(lane, [...running.values()], config.jobs, deps.spare);
      if (verdict === 'busy') next = now + BUSY_RETRY_MS;
      if (verdict !== 'yes') break;
      begin(lane);
    }
    for (const lane of lanes.values())
      if (!running.has(lane.key) && lane.dueAt > now) next = Math.min(next, lane.dueAt);
    wakeAt(next);
  };

  const mostUrgent = (now: number): Lane | undefined => {
    let first: Lane | undefined;
    for (const lane of lanes.values())
      if (lane.dueAt <= now && !running.has(lane.key) && (!first || byUrgency(lane, first) < 0)) first = lane;
    return first;
  };

  const begin = (lane: Lane): void => {
    const halt = new AbortController();
    const done = attempt(lane, halt.signal).finally(() => {
      running.delete(lane.key);
      pump();
    });
    running.set(lane.key, { interactive: lane.interactive, jobId: lane.jobId, halt, done });
  };

  /** An alarm that comes sooner stays: it looks again. */
  const wakeAt = (at: number): void => {
    if (!Number.isFinite(at) || (alarm && alarm.at <= at)) return;
    alarm?.off.abort();
    const off = new AbortController();
    alarm = { at, off };
    const ms = Math.min(Math.max(0, at - clock.now()), LONGEST_SLEEP_MS);
    clock.sleep(ms, off.signal).then(
      () => {
        alarm = undefined;
        pump();
      },
      () => {},
    );
  };

  const attempt = async (lane: Lane, halt: AbortSignal): Promise<void> => {
    try {
      const book = journal(lane.key, lane.jobId, deps);
      const job = await book.change((current) => begun(current, clock));
      // it was to be cancelled: then it has just ended, or turned back and comes up again
      if (job.status !== 'running') return;
      const stop = anySignal(stopping.signal, halt);
      const ending = await runAttempt(deps, await services.get(lane.key), job, {
        drain: draining.signal,
        stop: stop.signal,
      }).finally(stop.release);
      const after = await book.change((current) =>
        afterAttempt(current, ending, { now: clock.now(), random: random() }),
      );
      report(lane, after, ending);
    } catch (error) {
      // The record could not be written: leave the job as it stands and look again later.
      log.error({ err: error, job_id: lane.jobId, service: lane.key }, 'the attempt could not be recorded');
      lanes.set(lane.key, { ...lane, dueAt: clock.now() + RECORD_RETRY_MS });
    }
  };

  const report = (lane: Lane, job: Job, ending: Ending): void => {
    const line = {
      job_id: job.id,
      service: lane.key,
      method: job.method,
      ending: ending.kind,
      status: job.status,
      error: job.error,
    };
    if (job.status === 'stuck')
      log.error({ ...line, alarm: 'job_stuck' }, 'the job is stuck: a person must finish it');
    else if (job.status === 'completed' || job.status === 'queued') log.info(line, 'attempt ended');
    else log.warn(line, 'attempt ended');
  };

  return {
    async start() {
      unlisten = services.onChange((service) => {
        look(service);
        pumpSoon();
      });
      const orphans = [...services.entries()].filter((entry) => entry.openJobs.length > 0);
      for (const { key } of orphans) {
        const service = await services.get(key);
        const orphan = service.jobs.find((job) => job.status === 'running');
        if (orphan) {
          log.warn({ job_id: orphan.id, service: key }, 'taking up a job that was cut off');
          await journal(key, orphan.id, deps).change((job) =>
            afterAttempt(
              job,
              { kind: 'crashed', detail: 'the agent ended while the job ran' },
              { now: clock.now(), random: random() },
            ),
          );
        }
        look(await services.get(key));
      }
      pump();
    },
    async stop() {
      draining.abort();
      alarm?.off.abort();
      unlisten();
      const all = Promise.allSettled([...running.values()].map(({ done }) => done));
      const atMost = async (ms: number): Promise<void> => {
        const timer = new AbortController();
        await Promise.race([all, clock.sleep(ms, timer.signal).catch(() => {})]);
        timer.abort();
      };
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
      const lane = stopping.signal.aborted ? undefined : mostUrgent(clock.now());
      const room = lane && mayBegin(lane, [...running.values()], config.jobs, () => false) === 'yes';
      return room ? lane.jobId : undefined;
    },
  };
}

interface Running {
  readonly interactive: boolean;
  readonly jobId: string;
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
/** Longer ones overflow a timer. */
const LONGEST_SLEEP_MS = 3_600_000;

class StopError extends Error {
  override readonly name = 'StopError';
  constructor() {
    super('the agent is stopping');
  }
}

/** Its attempt counts as begun, unless there is nothing to begin. */
function begun(job: Job, clock: Clock): Job {
  if (!isOpen(job)) return job;
  if (endsEarly(job)) return whenCancelled(job, { now: clock.now() }) ?? job;
  return {
    ...job,
    status: 'running',
    attempts: job.attempts + 1,
    startedAt: job.startedAt ?? instant(clock),
  };
}

/** It is cancelled, and not yet on its way back. */
function endsEarly(job: Job): boolean {
  return job.cancel !== undefined && isOpen(job) && whenCancelled(job, { now: 0 }) !== undefined;
}

function laneOf(key: ServiceKey, job: Job): Lane {
  const waits = job.status === 'waiting' && !endsEarly(job) ? job.waiting : undefined;
  const dueAt = waits ? Date.parse(waits.until) : 0;
  return { key, jobId: job.id, interactive: job.interactive, createdAt: job.createdAt, dueAt };
}

const byUrgency = (a: Lane, b: Lane): number =>
  Number(b.interactive) - Number(a.interactive) || (a.createdAt < b.createdAt ? -1 : 1);
