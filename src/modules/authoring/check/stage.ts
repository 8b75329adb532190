/** A service on which the conformance suite tries a job. Every trial gets a new one. */
import { AgentError } from '../../../kernel/errors.js';
import type { JsonObject } from '../../../kernel/json.js';
import { JOB_KINDS, type JobKind } from '../../../model/job-kinds.js';
import { within } from '../../../kernel/async/within.js';
import type { MadeCall } from '../testing/carry-out.js';
import type { FakeJob } from '../testing/fake-job.js';
import { fakeService, type FakeService, type RunOptions } from '../testing/fake-service.js';
import { type Case, CASES } from './cases.js';
import type { Subject } from './conformance.js';

/** Milliseconds for one run of a job. Waits end at once, so a job that needs longer waits for something else. */
const RUN_WITHIN_MS = 10_000;

export interface Stage {
  readonly service: FakeService;
  /** Everything that exists outside of the agent, in alphabetical order. */
  things(): string[];
  /** Runs the job under test. Never rejects. */
  run(options?: Omit<RunOptions, 'args'>): Promise<FakeJob>;
}

export class Unready extends Error {}

/** A new service in the state that the job needs. Throws Unready if it cannot be brought into this state. */
export async function stageFor({ module, folder, make, check }: Subject, job: string): Promise<Stage> {
  const environment = make();
  const wanted: Case = isKind(job) ? CASES[job] : {};
  const suspended = wanted.suspended ? { suspendedFor: ['billing'] as const } : {};
  const service = fakeService(
    { folder, ...environment, service: { ...environment.service, ...suspended } },
    check,
  );
  const args: JsonObject = { ...wanted.args, ...environment.args?.[job] };
  const before = job === 'create' ? [] : [['create', {}] as const, ...(wanted.before ?? [])];
  for (const [kind, given] of before) {
    if (!has(module, kind)) continue;
    const done = await ended(service.run(module, kind, { args: { ...given, ...environment.args?.[kind] } }));
    if (done.outcome !== 'completed') throw new Unready(`${kind} does not complete`);
  }
  return {
    service,
    things: () => [...service.things, ...(environment.things?.() ?? [])].sort(),
    run: (options = {}) => ended(service.run(module, job, { args, ...options })),
  };
}

export function isKind(job: string): job is JobKind {
  return Object.hasOwn(JOB_KINDS, job);
}

const has = (module: object, kind: string): boolean =>
  typeof Reflect.get(module, `${kind}Job`) === 'function';

/** The job, or a failed job if it does not end. */
export async function ended(job: Promise<FakeJob>): Promise<FakeJob> {
  const done = await within(job, RUN_WITHIN_MS);
  if (done) return done;
  const never = async (): Promise<FakeJob> => ended(new Promise(() => {}));
  const error = new AgentError('job_timeout', `The job did not end within ${RUN_WITHIN_MS / 1000} s.`);
  return { outcome: 'failed', step: null, error, steps: [], hasPivoted: false, again: never, undo: never };
}

/** What happens at one call of a job; all other calls are carried out. */
export type Disturbance = 'refused' | 'down' | 'killed before' | 'killed after';

export interface Disturbed extends Required<Pick<RunOptions, 'intercept'>> {
  /** The call that was disturbed, for messages. */
  readonly call: () => string;
}

/** Disturbs the call with this number, counted from 0. */
export function disturbing(at: number, kind: Disturbance): Disturbed {
  let count = -1;
  let hit: MadeCall | undefined;
  return {
    call: () => (hit ? `the call ${hit.name} of the step "${hit.step}"` : 'a call'),
    async intercept(call, carryOut, kill) {
      count += 1;
      if (count !== at) return carryOut();
      hit = call;
      if (kind === 'refused')
        throw new AgentError('module_failed', 'The conformance suite refused this call.', {
          retryable: false,
        });
      if (kind === 'down') throw new AgentError('remote_unreachable', 'The system does not respond.');
      if (kind === 'killed after') await carryOut();
      kill();
      return undefined;
    },
  };
}

/** Kills the process once at the end of every step, so that every step and every undo runs twice. */
export function killingAtEnds(): Required<Pick<RunOptions, 'killBeforeEnd'>> {
  const killed = new Set<string>();
  return {
    killBeforeEnd(step, direction) {
      const at = `${direction} ${step}`;
      if (killed.has(at)) return false;
      killed.add(at);
      return true;
    },
  };
}

/** Continues a job until its process is not killed any more. */
export async function whileKilled(
  first: FakeJob,
  next: (job: FakeJob) => Promise<FakeJob>,
): Promise<FakeJob> {
  let job = first;
  for (let tries = 0; job.outcome === 'killed' && tries < 200; tries += 1) job = await ended(next(job));
  return job;
}
