/**
 * Runs requests in the processes of modules: with a time limit, with the calls that the code may make, and with a pause
 * after repeated failures, so that a broken module does not start a process for each request.
 */
import type { Logger } from 'pino';
import { onAbort } from '../../kernel/async/on-abort.js';
import { orAbort } from '../../kernel/async/race.js';
import { type Clock } from '../../kernel/clock.js';
import { AgentError, asAgentError } from '../../kernel/errors.js';
import type { ModuleReply } from '../../model/module-request.js';
import type { ModuleLogged } from '../../jobs/engine/module-line.js';
import type { RegisteredModule } from '../registry.js';
import type { Strikes } from '../strikes.js';
import type { ModuleVersions } from '../versions.js';
import type { CallAnswerer } from './answer-call.js';
import { labelOf } from './find-handler.js';
import type { RequestCall } from './messages.js';
import { busy, type RequestPool } from './request-pool.js';
import { type RequestReply, type RunningRequest, unavailable } from './running-request.js';

export interface RunRequestDeps {
  readonly pool: RequestPool;
  readonly versions: Pick<ModuleVersions, 'placeOf'>;
  readonly strikes: Pick<Strikes, 'enter' | 'problemOf'>;
  readonly answer: CallAnswerer;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Logger;
  readonly moduleLogged: ModuleLogged;
  /** Time limit of a request, including the wait for its turn, in ms. */
  readonly mostMs: number;
}

export interface WantedRequest {
  readonly module: RegisteredModule;
  readonly call: Omit<RequestCall, 'modulePath' | 'settings'>;
  readonly requestId: string;
  /** Successful requests are logged too. */
  readonly isLogged?: boolean;
}

export type RunRequest = (wanted: WantedRequest) => Promise<ModuleReply>;

/** A stream must be read completely within this time after its beginning. */
const STREAM_MS = 30_000;
/** The process has this time to end a stream that is not read any longer. */
const STOP_MS = 1_000;
/** From this many failures in a row on, requests are refused for a while. */
const MOST_FAILURES = 3;
const LONGEST_PAUSE_MS = 300_000;

export function requestRunner(deps: RunRequestDeps): RunRequest {
  const breaker = failureBreaker(deps.clock);
  return async (wanted) => {
    const { module } = wanted;
    const name = `${module.info.type}/${module.info.name}`;
    const problem = module.hash === null ? undefined : deps.strikes.problemOf(module.hash);
    if (problem !== undefined) throw unavailable(`${name}: ${problem}`);
    breaker.refuse(name);
    try {
      const reply = await runOne(deps, name, wanted);
      breaker.worked(name);
      if (wanted.isLogged)
        deps.moduleLogged(pinnedOf(module), doneLine(wanted, reply), { request_id: wanted.requestId });
      return reply;
    } catch (thrown) {
      const error = asAgentError(thrown);
      if (isBroken(error)) breaker.failed(name);
      else breaker.worked(name);
      deps.moduleLogged(pinnedOf(module), failureLine(wanted, error), { request_id: wanted.requestId });
      throw error;
    }
  };
}

/** The process hung or ended, which costs more than an error that the code throws. */
function isBroken(error: AgentError): boolean {
  return (
    error.code === 'module_timeout' ||
    (error.code === 'module_unavailable' && error.retryAfterS === undefined)
  );
}

function doneLine({ call }: WantedRequest, { status }: ModuleReply): Parameters<ModuleLogged>[1] {
  const instance = call.instance?.id;
  return {
    ...{ kind: 'log', level: 'info', step: labelOf(call.target), message: 'the request was answered' },
    fields: { status, ...(instance === undefined ? {} : { instance }) },
  };
}

function failureLine({ call }: WantedRequest, error: AgentError): Parameters<ModuleLogged>[1] {
  const { code, message, detail } = error;
  return {
    ...{ kind: 'log', level: error.status >= 500 ? 'error' : 'info', step: labelOf(call.target) },
    ...{
      message: 'the request failed',
      fields: { code, error: message, ...(detail === undefined ? {} : { detail }) },
    },
  };
}

function pinnedOf({ info, hash }: RegisteredModule): Parameters<ModuleLogged>[0] {
  const { type, name, version } = info;
  return { type, name, version, ...(hash === null ? {} : { hash }) };
}

async function runOne(deps: RunRequestDeps, name: string, wanted: WantedRequest): Promise<ModuleReply> {
  const { pool, strikes, versions, mostMs } = deps;
  const { module, call } = wanted;
  const limit = new AbortController();
  let timer = setTimeout(() => limit.abort(new Error('late')), mostMs);
  let hasBegun = false;
  const { path } = await versions.placeOf(pinnedOf(module)).finally(() => timer.unref());
  const sent: RequestCall = { ...call, modulePath: path, settings: module.settings };
  const reply = new Promise<RequestReply>((resolve, reject) => {
    const work = pool.use({ module: name, path }, limit.signal, async (process) => {
      hasBegun = true;
      const leave = entered(strikes, name, module.hash);
      const running = process.run(sent, hooksOf(deps, wanted));
      const forget = onAbort(limit.signal, () => void process.terminate());
      running.reply.then((given) => {
        clearTimeout(timer);
        if (given.body instanceof Object && 'pipe' in given.body) {
          timer = setTimeout(() => limit.abort(new Error('late')), STREAM_MS);
          timer.unref();
          given.body.once('close', () => void endsSoon(running, () => process.terminate()));
        }
        resolve(given);
      }, reject);
      await running.ended;
      clearTimeout(timer);
      forget();
      leave();
    });
    work.catch(reject);
  });
  const { dropped, ...given } = await orAbort(reply, limit.signal, () =>
    hasBegun ? late(mostMs) : busy('no process was free in time'),
  ).finally(() => {
    if (limit.signal.aborted) clearTimeout(timer);
  });
  if (dropped.length > 0)
    deps.log.warn({ module: name, headers: dropped }, 'a module set headers that it must not set');
  return given;
}

async function endsSoon(running: RunningRequest, terminate: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<true>((resolve) => (timer = setTimeout(() => resolve(true), STOP_MS)));
  const isLate = await Promise.race([running.ended, late]);
  clearTimeout(timer);
  if (isLate === true) await terminate();
}

function hooksOf(deps: RunRequestDeps, { module, call, requestId }: WantedRequest) {
  const pinned = pinnedOf(module);
  const name = `${pinned.type}/${pinned.name}`;
  const log = deps.log.child({ request_id: requestId, module: name });
  return {
    answer: deps.answer({ module: pinned, instance: call.instance?.id ?? null, log }),
    line(line: Parameters<ModuleLogged>[1]) {
      log[line.level]({ step: line.step, ...line.fields }, line.message);
      deps.moduleLogged(pinned, line, { request_id: requestId });
    },
    threw: (error: unknown, call: string) =>
      log.error({ err: error, call }, 'a call of a module failed because of a bug in the agent'),
  };
}

function late(ms: number): AgentError {
  return new AgentError('module_timeout', 'The module did not answer in time.', {
    detail: `the process was ended after ${ms / 1000} s (modules.request_timeout_s)`,
  });
}

/** Without a record, the request still runs, because the disk being full must not stop a webhook. */
function entered(strikes: Pick<Strikes, 'enter'>, module: string, hash: string | null): () => void {
  try {
    return hash === null ? () => undefined : strikes.enter({ module, hash });
  } catch {
    return () => undefined;
  }
}

interface Breaker {
  /** Throws `module_unavailable` during the pause after failures. */
  refuse(module: string): void;
  failed(module: string): void;
  worked(module: string): void;
}

function failureBreaker(clock: Pick<Clock, 'monotonic'>): Breaker {
  const failures = new Map<string, { readonly count: number; readonly until: number }>();
  return {
    refuse(module) {
      const until = failures.get(module)?.until ?? 0;
      const leftMs = until - clock.monotonic();
      if (leftMs <= 0) return;
      throw new AgentError('module_unavailable', 'The module cannot answer at the moment.', {
        detail: `its requests have failed ${failures.get(module)?.count ?? 0} times in a row`,
        retryAfterS: Math.ceil(leftMs / 1000),
      });
    },
    failed(module) {
      const count = (failures.get(module)?.count ?? 0) + 1;
      const pauseMs =
        count < MOST_FAILURES ? 0 : Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (count - MOST_FAILURES));
      failures.set(module, { count, until: clock.monotonic() + pauseMs });
    },
    worked: (module) => void failures.delete(module),
  };
}
