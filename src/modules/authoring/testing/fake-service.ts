/**
 * A service with a simulated agent around it, for tests of modules. It runs single steps and whole jobs with the engine
 * of the agent, and with the same checks and limits of calls.
 */
import { join } from 'node:path';
import { AgentError } from '../../../kernel/errors.js';
import type { JsonObject } from '../../../kernel/json.js';
import { actionKind, type KindName } from '../../../model/job-kinds.js';
import { PARTS, type Part } from '../../../model/part.js';
import { neverAborted } from '../../../kernel/async/never.js';
import type { Attempt } from '../../../jobs/engine/protocol.js';
import { type Outside, stepContext } from '../../../jobs/engine/step-context.js';
import { collectionsOf } from '../../kit/collections.js';
import type { StoredDocument } from '../../kit/collection-types.js';
import type { StepContext } from '../../kit/context.js';
import type { ScriptCall, SiteRequestCall } from '../../kit/host-call-types.js';
import type { MailMessage } from '../../kit/mail-types.js';
import type { Module } from '../../kit/module.js';
import type { AlertCall } from '../../kit/module-call-types.js';
import { WAIT_RANGES } from '../../kit/wait-until.js';
import type { AnswerTable } from './answer-types.js';
import { usualAnswers } from './answers.js';
import { callChecks, carryOut, type CheckCall, type MadeCall } from './carry-out.js';
import { type FakeJob, type KillBeforeEnd, runJob, type RunDeps } from './fake-job.js';
import { completeOptions } from './complete-options.js';
import { fakeTexts } from './fake-texts.js';
import type { FakeEvent, FakeOptions, FakeTask, Reveal } from './options.js';
import { planOf, serverOf, viewOf } from './views.js';
import { makeWorld } from './world.js';

/** A line that the module has logged. */
export interface FakeLogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: JsonObject;
}

export interface SeatOptions {
  readonly args?: JsonObject;
  /** The notes of an earlier run of the step. */
  readonly notes?: JsonObject;
  /** The results of the steps before. */
  readonly results?: JsonObject;
}

export interface RunOptions {
  /** The input of the job, such as `{reason: 'billing'}` for `suspend`. */
  readonly args?: JsonObject;
  /** Takes the place of a call, for tests that let calls fail. `carryOut` makes the call. */
  readonly intercept?: (
    call: MadeCall,
    carryOut: () => Promise<unknown>,
    kill: () => void,
  ) => Promise<unknown>;
  /** Kills the process before the end of a step is recorded, so that the step runs again in `job.again()`. */
  readonly killBeforeEnd?: KillBeforeEnd;
}

export interface FakeService {
  /** The context of a step, to call a step or a method of the module directly. */
  context(product: Module | undefined, seat?: SeatOptions): StepContext;
  /**
   * Runs a whole job, such as `create`, or an action of the module by its name. Never rejects: the result says how the
   * job ended.
   */
  run(product: Module, job: string, options?: RunOptions): Promise<FakeJob>;
  /** The data of the service, with everything that the module has saved. */
  readonly data: JsonObject;
  /** The calls of the module in their order, in short form: `container.stop 30`. */
  readonly calls: readonly string[];
  /** The same calls with all their arguments. */
  readonly made: readonly MadeCall[];
  readonly scripts: readonly ScriptCall[];
  readonly requests: readonly SiteRequestCall[];
  readonly mails: readonly MailMessage[];
  /** The tasks that the module has added. They do not run. */
  readonly tasks: readonly FakeTask[];
  /** The events that the module has announced. */
  readonly events: readonly FakeEvent[];
  readonly alerts: ReadonlyMap<string, AlertCall>;
  readonly logs: readonly FakeLogLine[];
  /** The waits of `context.sleep` in milliseconds. They end at once. */
  readonly slept: readonly number[];
  /** The documents of the module's collections, as `<collection>/<key>`. */
  readonly documents: ReadonlyMap<string, StoredDocument>;
  /** The text of a secret, or of a value that refers to one. */
  readonly reveal: Reveal;
  /** The names of all secrets of the service. */
  readonly secretNames: readonly string[];
  /** Objects of the service that exist outside of the agent, such as `container` and `DNS records`. */
  readonly things: readonly string[];
}

/**
 * @example
 * const service = fakeService({ http: () => ({ status: 201, json: { id: 7 } }) });
 * const job = await service.run(new Mailbox(), 'create');
 * assert.equal(job.outcome, 'completed');
 * assert.deepEqual(service.data, { account: 7 });
 * await job.undo();
 */
export function fakeService(options: FakeOptions = {}, check: CheckCall = callChecks()): FakeService {
  const world = makeWorld(options);
  const answers: AnswerTable = { ...usualAnswers(world, options), ...options.answers };
  const calls: string[] = [];
  const made: MadeCall[] = [];
  const logs: FakeLogLine[] = [];
  const slept: number[] = [];
  const modulePath = join(options.folder ?? '/', 'module.js');
  const { texts, render } = fakeTexts(options.folder, options.service?.locale ?? null);

  const partsOf = (product: Module | undefined): readonly Part[] => {
    const declared: unknown = product === undefined ? undefined : Reflect.get(product, 'parts');
    return options.parts ?? (Array.isArray(declared) ? (declared as Part[]) : PARTS);
  };
  const attemptOf = (product: Module | undefined, method: KindName, args: JsonObject): Attempt => {
    const complete = completeOptions(options, product, world.seal);
    return {
      ...{ jobId: '01900000-0000-7000-8000-000000000001', modulePath, method, direction: 'forward' },
      ...{ settings: complete.settings ?? {}, plan: planOf(complete), args, undo: [], steps: [] },
      subject: viewOf(world, complete, partsOf(product)),
    };
  };
  const outsideOf = (product: Module | undefined): Outside => {
    const answer = carryOut(answers, partsOf(product), check);
    return {
      journal: () => Promise.reject(new Error('a single step has no journal')),
      log: (level, _step, message, fields) => void logs.push({ level, message, fields }),
      ask(step, name, args) {
        calls.push([name, ...args.map(brief)].join(' '));
        made.push({ step, name, args });
        return answer({ step, name, args });
      },
    };
  };
  const contextOf: RunDeps['contextOf'] = (product, attempt, seat, outside) => {
    const declared = product?.collections;
    if (declared && attempt.subject) world.collections.declare(declared, attempt.subject);
    const context = stepContext(
      attempt,
      seat,
      { ...outsideOf(product), ...outside },
      texts,
      product && declared ? collectionsOf(product) : undefined,
    );
    // a wait must not delay a test
    const sleep = async (ms: number): Promise<void> => {
      seat.signal.throwIfAborted();
      slept.push(ms);
    };
    const { servers } = (product ?? {}) as { servers?: object };
    const server = servers ? serverOf(options) : null;
    return { ...context, server, view: render, sleep, waitUntil: waitWith(sleep) };
  };
  return {
    context(product, { args = {}, notes = {}, results = {} } = {}) {
      const seat = { step: 'test', notes, results, signal: neverAborted() };
      const journal: Outside['journal'] = () => Promise.resolve<never>(null as never);
      return contextOf(product, attemptOf(product, 'create', args), seat, { journal });
    },
    run(product, job, { args = {}, intercept, killBeforeEnd } = {}) {
      const action = actionOf(product, job);
      const method = action ? actionKind(product.info.name, job) : (job as KindName);
      return runJob({
        ...{ product, flow: () => action?.flow() ?? product.flow(job), contextOf, intercept, killBeforeEnd },
        attempt: () => attemptOf(product, method, args),
        ask: outsideOf(product).ask,
      });
    },
    get data() {
      return world.data();
    },
    ...{ calls, made, logs, slept, scripts: world.scripts, requests: world.requests, mails: world.mails },
    ...{ tasks: world.tasks, events: world.events },
    ...{ alerts: world.alerts, reveal: world.reveal, documents: world.collections.documents() },
    get secretNames() {
      return [...world.secrets.all.keys()];
    },
    get things() {
      const { container, front, collections } = world;
      const documents = [...collections.documents()].filter(([, { service }]) => service === null);
      return [
        ...(container.look().power === 'absent' ? [] : ['container']),
        ...front,
        ...documents.map(([at]) => `document ${at}`),
      ];
    },
  };
}

/** Checks again after each wait, in the same run of the step. */
function waitWith(sleep: (ms: number) => Promise<void>): StepContext['waitUntil'] {
  return async (check, { every = WAIT_RANGES.every.default, atMost = WAIT_RANGES.atMost.default } = {}) => {
    for (let waited = 0; ; waited += every) {
      const met = await check();
      if (met) return met;
      if (waited >= atMost) throw new AgentError('condition_timeout', 'The operation waited too long.');
      await sleep(every * 1000);
    }
  };
}

function actionOf(product: Module, name: string): { flow(): ReturnType<Module['flow']> } | undefined {
  const { actions } = product as {
    actions?: Readonly<Record<string, { flow(): ReturnType<Module['flow']> }>>;
  };
  return actions && Object.hasOwn(actions, name) ? actions[name] : undefined;
}

/** The name of an argument that has one, else its words, its numbers and the names of what is true. */
function brief(arg: unknown): string {
  if (typeof arg !== 'object' || arg === null) return String(arg);
  const fields = Object.entries(arg) as [string, unknown][];
  const name = fields.find(([key]) => key === 'name')?.[1];
  if (typeof name === 'string') return name;
  return fields
    .flatMap(([key, value]) => {
      if (value === true) return [key];
      return typeof value === 'string' || typeof value === 'number' ? [String(value)] : [];
    })
    .join(' ');
}
