/** One attempt of one job: a thread, the answers to its calls, a deadline, and a clean end in every case. */
import { anySignal } from '../../kernel/any-signal.js';
import { servedNames } from '../../model/domain-name.js';
import { AgentError, asAgentError, toRecord } from '../../kernel/errors.js';
import type { Job } from '../../model/job.js';
import type { Json } from '../../kernel/json.js';
import type { Guest } from '../../model/guest.js';
import { keyOf, type Service } from '../../model/service.js';
import type { Site } from '../../model/site.js';
import type { Circuits } from '../../drivers/shared/circuit.js';
import type { GuestView, ServiceView, SiteView } from '../../modules/kit/context.js';
import type { Effect, EngineDeps, EffectOf } from '../effects/effect.js';
import { EFFECTS, type EffectName } from '../effects/table.js';
import { journal } from './journal.js';
import type { Leases } from './leases.js';
import { watchHanging } from './hanging.js';
import { limits } from './limits.js';
import { type Ending, undoOrder } from './policy.js';
import type { Attempt, HostCallName, HostCalls, Outcome, ToMain } from './protocol.js';
import { tellSteps } from './tell-steps.js';
import type { Threads } from './threads.js';

export interface AttemptDeps extends EngineDeps {
  readonly threads: Threads;
  readonly leases: Leases;
  readonly circuits: Circuits;
  /** Path of the compiled module, by name. */
  modulePath(job: Job): string;
}

/** How long a thread may take to end after its effects were aborted and have settled. */
const THREAD_GRACE_MS = 2_000;

export interface Halts {
  /** No further step begins; those that run may end. */
  readonly drain: AbortSignal;
  /** What runs is aborted. */
  readonly stop: AbortSignal;
}

/** Runs the attempt to its end; never rejects. Both halts hand the job back as it stands. */
export async function runAttempt(
  deps: AttemptDeps,
  service: Service,
  job: Job,
  { drain, stop }: Halts,
): Promise<Ending> {
  const book = journal(keyOf(service), job.id, deps);
  const log = deps.log.child({
    request_id: job.requestId,
    job_id: job.id,
    service_id: service.id,
    panel: service.panel,
  });
  const limit = limits(deps.clock, job.policy.timeoutS);
  const elsewhere = new AbortController();
  const { signal, release } = anySignal(limit.signal, stop, elsewhere.signal);
  const inFlight = new Map<Promise<unknown>, HostCallName>();
  const unwatch = watchHanging({
    clock: deps.clock,
    signal,
    calls: () => [...inFlight.values()],
    tell: (calls) =>
      log.error(
        { alarm: 'call_hangs', calls, step: lastStep },
        'a call to a system behind us does not end although it was told to: its job keeps a slot until the agent is started again',
      ),
  });
  const told = tellSteps({ ...deps, log }, job.method);
  let lastStep = '';
  let outcome: Outcome | undefined;

  const answer = async (name: HostCallName, args: HostCalls[HostCallName]['args']): Promise<Json> => {
    const step = 'step' in args ? args.step : '';
    if (step !== '') lastStep = step;
    if (name === 'step.begin' && drain.aborted) throw new AgentError('aborted', 'The agent is stopping.');
    if (name === 'flow.declare') limit.started();
    if (name === 'step.begin') limit.begin(step, 'timeoutS' in args ? args.timeoutS : undefined);
    if (name === 'step.end') limit.end(step);
    if (name === 'step.end' && 'error' in args && !args.error.retryable && job.direction === 'forward') {
      elsewhere.abort(new AgentError('aborted', 'Another step failed.'));
    }
    const effect: Effect = {
      deps: { ...deps, log },
      leases: deps.leases,
      journal: book,
      name,
      step,
      signal,
      onWait: (waiting) => limit.wait(step, waiting),
    };
    const value: unknown = await answerOf(name)(effect, args);
    told(name, args);
    // Every answer in HostCalls is plain data.
    return value as Json;
  };

  const onMessage = (message: ToMain): void => {
    if (message.kind === 'end') {
      outcome = message.outcome;
    } else if (message.kind === 'log') {
      log[message.level]({ step: message.step, ...message.fields }, message.message);
    } else if (message.kind === 'call') {
      const work = answer(message.name, message.args).then(
        (value) => thread?.send({ kind: 'answer', id: message.id, value }),
        (error: unknown) => {
          const refused = asAgentError(error);
          if (refused.code === 'internal_error')
            log.error({ err: error, step: lastStep, call: message.name }, 'an effect threw');
          thread?.send({ kind: 'refusal', id: message.id, error: toRecord(refused) });
        },
      );
      inFlight.set(work, message.name);
      void work.finally(() => inFlight.delete(work));
    }
  };

  let thread: Awaited<ReturnType<Threads['start']>> | undefined;
  try {
    thread = await deps.threads.start(attemptOf(deps, service, job), onMessage, job.interactive);
  } catch (error) {
    limit.cancel();
    unwatch();
    release();
    if (stop.aborted || drain.aborted) return { kind: 'released' };
    return { kind: 'crashed', detail: asAgentError(error).detail ?? 'the thread did not start' };
  }

  const abort = (): void => {
    const reason = asAgentError(signal.reason, 'aborted');
    thread.send({ kind: 'abort', error: toRecord(reason) });
    void settle(deps, () => inFlight.keys(), thread.gone).then(() => thread.terminate());
  };
  const halt = anySignal(limit.signal, stop);
  if (halt.signal.aborted) abort();
  else halt.signal.addEventListener('abort', abort, { once: true });

  const death = await thread.gone;
  halt.release();
  limit.cancel();
  elsewhere.abort(new AgentError('aborted', 'The attempt has ended.'));
  await Promise.allSettled(inFlight.keys());
  unwatch();
  return ending(outcome, {
    death,
    stopped: stop.aborted || drain.aborted,
    timedOut: limit.signal.aborted,
    passed: limit.passedBy(),
    lastStep,
  });
}

interface Circumstance {
  readonly death: Error | undefined;
  readonly stopped: boolean;
  readonly timedOut: boolean;
  /** The step whose own limit passed. */
  readonly passed: string | undefined;
  /** The one that was heard of last, which may have ended: others run beside it. */
  readonly lastStep: string;
}

/** The step that the thread itself names, or an empty text. */
function stepOf(outcome: Outcome | undefined): string {
  return outcome && 'step' in outcome ? outcome.step : '';
}

/** An attempt that got to its own end counts as what it says, even when a stop or the deadline came in the same moment. */
function ending(
  outcome: Outcome | undefined,
  { death, stopped, timedOut, passed, lastStep }: Circumstance,
): Ending {
  if (outcome && (outcome.kind === 'completed' || outcome.kind === 'undone')) return outcome;
  const aborted =
    outcome === undefined || outcome.error.code === 'aborted' || outcome.error.code === 'job_timeout';
  if (timedOut && aborted) return { kind: 'timeout', step: passed ?? (stepOf(outcome) || lastStep) };
  if (stopped && aborted) return { kind: 'released' };
  return outcome ?? { kind: 'crashed', detail: death?.message ?? 'the thread ended without a result' };
}

/** Effects settle first, so that what they did is known; then the thread gets a moment to say its last word. */
async function settle(
  deps: AttemptDeps,
  inFlight: () => Iterable<Promise<unknown>>,
  gone: Promise<unknown>,
): Promise<void> {
  await Promise.allSettled(inFlight());
  await Promise.race([gone, deps.clock.sleep(THREAD_GRACE_MS)]);
  await Promise.allSettled(inFlight());
}

function attemptOf(deps: AttemptDeps, service: Service, job: Job): Attempt {
  return {
    jobId: job.id,
    modulePath: deps.modulePath(job),
    method: job.method,
    direction: job.direction,
    service: viewOf(service),
    settings: job.pinned.settings,
    args: job.args,
    undo: job.direction === 'undo' ? undoOrder(job) : [],
    steps: job.steps.map(({ name, status, notes, result }) => ({ name, status, notes, result })),
  };
}

function viewOf(service: Service): ServiceView {
  return {
    panel: service.panel,
    id: service.id,
    generation: service.generation,
    email: service.email,
    guest: service.guest && viewGuest(service.guest),
    site: service.site && viewSite(service.site),
    publicIps: service.order.publicIps,
    plan: service.plan,
    data: service.data,
    properties: service.order.properties ?? {},
    suspendedFor: service.suspendedFor,
  };
}

function viewGuest({ addresses, power, snapshots }: Guest): GuestView {
  return { addresses: addresses.map(({ address }) => address), power: power ?? null, snapshots };
}

function viewSite(site: Site): SiteView {
  const { subdomain, fqdn, primaryDomain, proxyEnabled } = site;
  return { subdomain, fqdn, url: `https://${primaryDomain}`, names: servedNames(site), proxyEnabled };
}

type AnyEffect = (effect: Effect, args: HostCalls[HostCallName]['args']) => Promise<unknown>;

const JOURNAL_CALLS: { readonly [N in Exclude<HostCallName, EffectName>]: EffectOf<N> } = {
  'flow.declare': async ({ journal: book }, { shapes }) => {
    await book.declare(shapes);
    return null;
  },
  'step.begin': async ({ journal: book }, { step, direction }) => ({
    notes: (await book.begin(step, direction)).notes,
  }),
  'step.note': async ({ journal: book }, { step, values }) => {
    await book.note(step, values);
    return null;
  },
  'step.end': async ({ journal: book }, { step, direction, result, error }) => {
    await book.end(step, direction, result ?? null, error);
    return null;
  },
};

/** The two tables are exact per name; only the union of all names needs this one widening. */
function answerOf(name: HostCallName): AnyEffect {
  return { ...EFFECTS, ...JOURNAL_CALLS }[name] as AnyEffect;
}
