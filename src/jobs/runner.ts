/** What runs next: one lane per service, a bounded number of slots (some kept for interactive jobs), waiting jobs when they are due, recovery at boot, stop. */
import { instant } from '../domain/clock.js';
import { AgentError, asAgentError } from '../domain/errors.js';
import { isOpen, type Job } from '../domain/job.js';
import { keyOf, type Service, type ServiceKey } from '../domain/service.js';
import type { CircuitView } from '../drivers/circuit.js';
import { type AttemptDeps, runAttempt } from './attempt.js';
import { held } from './dead-systems.js';
import { type Journal, journal } from './journal.js';
import { byUrgency, gateOf, hasSlot, type Lane, laneOf } from './lane.js';
import { afterAttempt, type Ending, whenCancelled } from './policy.js';

export interface Runner {
  /** Takes up every unfinished job and starts listening for new ones. */
  start(): Promise<void>;
  /** No new work; what runs is handed back or ends within `jobs.stop_s`. */
  stop(): Promise<void>;
  counts(): { readonly running: number; readonly waiting: number };
}

export function runner(deps: AttemptDeps, random: () => number = Math.random): Runner {
  const { services, clock, log, config, circuits } = deps;
  const lanes = new Map<ServiceKey, Lane>();
  const running = new Map<ServiceKey, Running>();
  const holding = new Set<ServiceKey>();
  const stopping = new AbortController();
  let alarm: AbortController | undefined;
  let unlisten = (): void => {};
  let pumping = false;

  const look = (service: Service): void => {
    const key = keyOf(service);
    const first = service.jobs.find(isOpen);
    if (first) lanes.set(key, laneOf(key, first, clock.now()));
    else lanes.delete(key);
    const busy = running.get(key);
    if (busy && service.jobs.some((job) => job.id === busy.jobId && job.cancel && isOpen(job)))
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
    if (stopping.signal.aborted) return;
    const now = clock.now();
    const waiting = [...lanes.values()].filter((lane) => !running.has(lane.key) && !holding.has(lane.key));
    let next = Number.POSITIVE_INFINITY;
    for (const lane of waiting.sort(byUrgency)) {
      const gate = gateOf(lane, circuits, now);
      if (gate.startsAt > now) next = Math.min(next, gate.startsAt);
      else if (gate.admits === 'none') hold(lane);
      else if (gate.admits === 'probe' && isProbed(lane)) continue;
      else if (hasSlot(lane, [...running.values()], config.jobs)) begin(lane, gate.admits === 'probe');
    }
    wakeAt(next);
  };

  const isProbed = (lane: Lane): boolean => [...running.values()].some(({ probe }) => probe === lane.need);

  const begin = (lane: Lane, asProbe: boolean): void => {
    const halt = new AbortController();
    const done = attempt(lane, halt.signal).finally(() => {
      running.delete(lane.key);
      pump();
    });
    const probe = asProbe ? lane.need : undefined;
    running.set(lane.key, { interactive: lane.interactive, jobId: lane.jobId, probe, halt, done });
  };

  /** Makes a job that has not begun wait, without a thread and without a slot. */
  const hold = (lane: Lane): void => {
    holding.add(lane.key);
    journal(lane.key, lane.jobId, deps)
      .change((job) => held(job, circuits, clock.now()))
      .catch((error: unknown) => unrecorded(lane, error))
      .finally(() => {
        holding.delete(lane.key);
        pumpSoon();
      });
  };

  /** The record could not be written: leave the job as it stands and look again later. */
  const unrecorded = (lane: Lane, error: unknown): void => {
    log.error({ err: error, job_id: lane.jobId, service: lane.key }, 'the attempt could not be recorded');
    lanes.set(lane.key, { ...lane, dueAt: clock.now() + RECORD_RETRY_MS });
  };

  /** Whoever waits for what has come back goes on at once. */
  const onCircuit = ({ name, state }: CircuitView): void => {
    if (state === 'closed') {
      for (const lane of lanes.values())
        if (lane.need !== undefined && `${name}:`.startsWith(`${lane.need}:`))
          lanes.set(lane.key, { ...lane, dueAt: 0 });
    }
    pumpSoon();
  };

  const wakeAt = (at: number): void => {
    alarm?.abort();
    if (!Number.isFinite(at)) return;
    alarm = new AbortController();
    const ms = Math.min(Math.max(0, at - clock.now()), LONGEST_SLEEP_MS);
    clock.sleep(ms, alarm.signal).then(pump, () => {});
  };

  const attempt = async (lane: Lane, halt: AbortSignal): Promise<void> => {
    try {
      const book = journal(lane.key, lane.jobId, deps);
      if (!(await mayBegin(book))) return;
      const job = await book.change((current) => ({
        ...current,
        status: 'running',
        attempts: current.attempts + 1,
        startedAt: current.startedAt ?? instant(clock),
      }));
      const stop = AbortSignal.any([stopping.signal, halt]);
      const ending = await runAttempt(deps, await services.get(lane.key), job, stop);
      const after = await book.change((current) =>
        afterAttempt(current, ending, { now: clock.now(), random: random() }),
      );
      report(lane, after, ending);
    } catch (error) {
      unrecorded(lane, error);
    }
  };

  /** False when the job was to be cancelled: then it has just ended, or turned back and comes up again. */
  const mayBegin = async (book: Journal): Promise<boolean> => {
    const found = await book.job();
    if (!found.cancel || !whenCancelled(found, { now: clock.now() })) return isOpen(found);
    await book.change((job) => whenCancelled(job, { now: clock.now() }) ?? job);
    return false;
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

  /** What ran when the agent ended. On a disk that is full it is taken up all the same: its attempt begins when it can be recorded. */
  const takeUp = async (key: ServiceKey, orphan: Job): Promise<void> => {
    log.warn({ job_id: orphan.id, service: key }, 'taking up a job that was cut off');
    const ending = { kind: 'crashed', detail: 'the agent ended while the job ran' } as const;
    try {
      await journal(key, orphan.id, deps).change((job) =>
        afterAttempt(job, ending, { now: clock.now(), random: random() }),
      );
    } catch (error) {
      if (asAgentError(error).code !== 'state_unavailable') throw error;
      log.error({ err: error, job_id: orphan.id, service: key }, 'the crash could not be recorded');
    }
  };

  return {
    async start() {
      const stops = [
        services.onChange((service) => {
          look(service);
          pumpSoon();
        }),
        circuits.onChange(onCircuit),
      ];
      unlisten = () => stops.forEach((stop) => stop());
      const orphans = [...services.entries()].filter((entry) => entry.openJobs.length > 0);
      for (const { key } of orphans) {
        const service = await services.get(key);
        const orphan = service.jobs.find((job) => job.status === 'running');
        if (orphan) await takeUp(key, orphan);
        look(await services.get(key));
      }
      pump();
    },
    async stop() {
      stopping.abort(new StopError());
      alarm?.abort();
      unlisten();
      const all = Promise.allSettled([...running.values()].map(({ done }) => done));
      const timer = new AbortController();
      await Promise.race([all, clock.sleep(config.jobs.stop_s * 1000, timer.signal).catch(() => {})]);
      timer.abort();
      await deps.threads.stop();
    },
    counts: () => ({ running: running.size, waiting: lanes.size - running.size }),
  };
}

interface Running {
  readonly interactive: boolean;
  readonly jobId: string;
  /** The circuit it finds out about for all who wait for it. */
  readonly probe: string | undefined;
  /** Ends the attempt when its job is cancelled. */
  readonly halt: AbortController;
  readonly done: Promise<void>;
}

const RECORD_RETRY_MS = 5_000;
/** Longer ones overflow a timer. */
const LONGEST_SLEEP_MS = 3_600_000;

class StopError extends Error {
  override readonly name = 'StopError';
  constructor() {
    super('the agent is stopping');
  }
}
