/** Which jobs have to wait because the system they need next is known to be dead: they get no thread, no slot and lose no try. */
import { AgentError, type ErrorRecord, ERRORS, toRecord } from '../domain/errors.js';
import type { Job } from '../domain/job.js';
import type { Circuits, CircuitView } from '../drivers/circuit.js';
import { patienceMs, waitingSince } from './policy.js';

const CONTAINER_HOST = 'container-host';
const PROXY = 'proxy';

/** What a job that has not begun cannot do anything without. The others have steps that make sense all the same. */
const FIRST_NEED: Readonly<Record<string, string>> = {
  create: CONTAINER_HOST,
  start: CONTAINER_HOST,
  stop: CONTAINER_HOST,
  restart: CONTAINER_HOST,
  unsuspend: CONTAINER_HOST,
  upgrade: CONTAINER_HOST,
  makeBackup: CONTAINER_HOST,
  removeBackup: CONTAINER_HOST,
  rollback: CONTAINER_HOST,
  reset: CONTAINER_HOST,
  setPrimary: CONTAINER_HOST,
  setEmail: CONTAINER_HOST,
  toggle: PROXY,
};

/** Name of the circuit that has to let the job through; undefined when a try makes sense whatever is dead. */
export function needOf(job: Job): string | undefined {
  if (job.cancel) return undefined;
  const begun = job.direction === 'undo' || job.steps.some((step) => step.begun > 0);
  const asked = job.status === 'waiting' ? job.error?.system : undefined;
  return asked ?? (begun ? undefined : FIRST_NEED[job.method]);
}

/** Epoch ms until which the job's patience lasts. */
export function patienceEnds(job: Job, now: number): number {
  return waitingSince(job, now) + patienceMs(job);
}

/** A job that has not begun, waiting for the dead system it needs first. */
export function held(job: Job, circuits: Circuits, now: number): Job {
  const need = needOf(job);
  const circuit = need === undefined ? undefined : circuits.find(need);
  if (!circuit || job.status !== 'queued' || circuit.admits() !== 'none') return job;
  const until = new Date(Math.max(now, circuit.retryAt())).toISOString();
  const since = new Date(now).toISOString();
  const { role, refusal } = circuit.view();
  const waiting = {
    for: role,
    reason: refusal === null ? 'unreachable' : 'refused_us',
    since,
    until,
  } as const;
  const error = refusal === null ? undefined : refusalOf(circuit.view(), refusal);
  return { ...job, status: 'waiting', waiting, ...(error && { error }) };
}

/** So that whoever looks at the job reads why it has not begun. */
function refusalOf({ name, role }: CircuitView, detail: string): ErrorRecord & { step: string } {
  const code = role === 'reverse proxy' ? 'proxy_refused' : 'container_host_refused';
  const error = new AgentError(code, ERRORS[code].meaning, { role, system: name, detail });
  return { ...toRecord(error), step: '' };
}
