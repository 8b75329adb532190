/**
 * Runs the code of a product on one of its servers, outside of a job: a test of the connection, or the inspection of
 * accounts. A run is an attempt like that of a job, in a thread or process with the same limits, but nothing of it is
 * recorded.
 */
import { v7 as uuidV7 } from 'uuid';
import { anySignal } from '../../kernel/async/any-signal.js';
import { neverAborted } from '../../kernel/async/never.js';
import { type Clock, instant } from '../../kernel/clock.js';
import type { JsonObject } from '../../kernel/json.js';
import { DEFAULT_POLICY, type Job, type StepRecord } from '../../model/job.js';
import type { KindName } from '../../model/job-kinds.js';
import { SERVER_RUNS } from '../../model/server-run.js';
import type { Server } from '../../model/server.js';
import { keyOf, type Service } from '../../model/service.js';
import type { CallerSecrets, ModuleCalls } from '../../jobs/effects/module-calls.js';
import { credentialIn, isCredentialName, viewServer } from '../../jobs/effects/servers.js';
import { type AttemptDeps, runAttempt } from '../../jobs/engine/attempt.js';
import { unusable } from '../../jobs/engine/bounded-call.js';
import type { CallContext } from '../../jobs/engine/call-context.js';
import type { Ending } from '../../jobs/engine/policy.js';
import type { Subject } from '../../jobs/engine/subject.js';
import type { SubjectKind } from '../../jobs/engine/subject-kind.js';
import type { ServiceView } from '../kit/context.js';
import type { HostCallName } from '../kit/host-calls.js';
import type { RegisteredProduct } from '../registry.js';

export interface ServerRunDeps extends Omit<AttemptDeps, 'stepEnded'> {
  readonly calls: ModuleCalls;
}

export interface ServerRun {
  readonly product: RegisteredProduct;
  readonly server: Server;
  readonly run: keyof typeof SERVER_RUNS;
  /** The services whose accounts are inspected. The step with the number of a service works on it. */
  readonly services: readonly Service[];
  readonly args: JsonObject;
  readonly withinMs: number;
  readonly signal: AbortSignal;
}

export interface ServerRunEnd {
  readonly ending: Ending;
  readonly steps: readonly StepRecord[];
}

/** Never rejects. */
export async function runOnServer(deps: ServerRunDeps, run: ServerRun): Promise<ServerRunEnd> {
  const log = deps.log.child({ server: run.server.name }, { level: 'warn' });
  const kind = subjectOf(deps, run);
  const job = jobOf(run, deps.clock);
  let subject: Subject = { jobs: [job] };
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error('the run takes too long')), run.withinMs);
  const stop = anySignal(late.signal, run.signal);
  const records: SubjectKind = {
    ...kind,
    get: async () => subject,
    async commit(_, fn) {
      const changed = fn(subject);
      subject = changed.value;
      return changed;
    },
  };
  const ending = await runAttempt(
    { ...deps, log },
    { kind: records, key: run.server.id, value: subject },
    job,
    { drain: neverAborted(), stop: stop.signal },
  );
  clearTimeout(timer);
  stop.release();
  return { ending, steps: subject.jobs[0]?.steps ?? [] };
}

function jobOf({ product, run, args, withinMs }: ServerRun, clock: Clock): Job {
  const { info, hash, settings } = product;
  const kind: KindName = SERVER_RUNS[run];
  const now = instant(clock);
  return {
    ...{ id: uuidV7({ msecs: clock.now() }), method: kind, status: 'running', direction: 'forward' },
    ...{ interactive: run === 'test', tags: [], requestId: '', args },
    pinned: {
      module: {
        ...{ type: info.type, name: info.name, version: info.version },
        ...(hash === null ? {} : { hash }),
      },
      plan: NO_PLAN,
      settings,
    },
    policy: { ...DEFAULT_POLICY, timeoutS: withinMs / 1000 },
    ...{ attempts: 1, exceptions: 0, crashes: 0, steps: [], createdAt: now, startedAt: now, endedAt: null },
  };
}

const NO_PLAN = {
  ...{ name: '', aliases: [], memoryMb: 0, swapMb: 0, diskGb: 0, cores: 0, domains: 0, backups: 0 },
} as const;

/** Stands for the service in a run that does not concern one. */
const NO_SERVICE: ServiceView = {
  ...{ panel: '', id: '', generation: 0, email: '', locale: null, guest: null, site: null, publicIps: [] },
  ...{ plan: NO_PLAN, data: {}, properties: {}, suspendedFor: [] },
};

type Unstored = Omit<SubjectKind, 'get' | 'commit'>;

function subjectOf({ calls }: ServerRunDeps, { server, services, product }: ServerRun): Unstored {
  return {
    name: 'server',
    archive: async () => {},
    withJob: (subject, job) => ({ ...subject, jobs: [job] }),
    remains: () => [],
    unfinished: () => [],
    onChange: () => () => {},
    logFields: () => ({ server: server.name }),
    view: () => NO_SERVICE,
    async call({ step, signal, log }: CallContext<Subject>, name: HostCallName, args) {
      if (name === 'servers.current') return viewServer(server);
      const service = services[Number(step)];
      const caller = {
        module: { type: product.info.type, name: product.info.name },
        service: service ? keyOf(service) : null,
        secrets: secretsOf(server, service),
        ...{ signal, log },
      };
      return calls(caller, name, args);
    },
  };
}

/** A run may use the secrets of its server and of the service that it inspects, and changes none. */
function secretsOf(server: Server, service: Service | undefined): CallerSecrets {
  return {
    async find(name) {
      if (isCredentialName(name)) return credentialIn(server, name);
      const { secrets = {} } = service ?? {};
      return Object.hasOwn(secrets, name) ? secrets[name] : undefined;
    },
    async change() {
      throw unusable('secrets cannot be changed while a server is tested or inspected');
    },
  };
}

/** Why a run has no result, for operators. */
export function problemOf({ ending, steps }: ServerRunEnd, withinMs: number): string {
  const failed = steps.find(({ error }) => error)?.error;
  if (failed) return sentence(failed);
  if (ending.kind === 'timeout' || ending.kind === 'released') return `no result within ${withinMs / 1000} s`;
  if (ending.kind === 'crashed') return `the code of the module crashed: ${ending.detail}`;
  return 'error' in ending ? sentence(ending.error) : 'the module gave no result';
}

function sentence({ message, detail }: { readonly message: string; readonly detail?: string }): string {
  return detail === undefined ? message : `${message} ${detail}`;
}
