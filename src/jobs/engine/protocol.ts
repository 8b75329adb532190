/** Messages between worker and main thread: typed calls in one direction, responses and an abort in the other. */
import type { ErrorRecord } from '../../kernel/errors.js';
import type { StepShape, StepStatus } from '../../model/flow.js';
import type { KindName } from '../../model/job-kinds.js';
import type { Plan } from '../../model/plan.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { ServiceView } from '../../modules/kit/context.js';
import type { Wait } from './waits.js';
import type { HostCallName } from '../../modules/kit/host-calls.js';

/**
 * The data that a thread gets when it starts. `V` is the type of the data about the job's subject that steps can read.
 */
export interface Attempt<V = ServiceView> {
  readonly jobId: string;
  /** Null if the module is no longer installed; then the agent's own flow runs. */
  readonly modulePath: string | null;
  readonly method: KindName;
  readonly direction: 'forward' | 'undo';
  /** Null if the job belongs to no service. */
  readonly subject: V | null;
  readonly settings: JsonObject;
  readonly plan: Plan;
  readonly args: JsonObject;
  /** Names of the steps to undo, in this order; empty unless the job is being undone. */
  readonly undo: readonly string[];
  readonly steps: readonly {
    readonly name: string;
    readonly status: StepStatus;
    readonly notes: JsonObject;
    readonly result: Json;
  }[];
  /** The thread stays open for another attempt. */
  readonly keep?: true;
}

/** Journal calls of the thread: arguments and response. */
export interface JournalCalls {
  /**
   * The first call of a thread, which declares the steps of the flow. The declaration is durable before any step runs.
   */
  'flow.declare': { args: { shapes: readonly StepShape[] }; answer: null };
  'step.begin': {
    args: { step: string; direction: 'forward' | 'undo'; timeoutS?: number };
    answer: { notes: JsonObject };
  };
  'step.note': { args: { step: string; values: JsonObject }; answer: null };
  /** The step waits for a condition. The response is always an error, with which the step ends. */
  'step.wait': { args: { step: string } & Wait; answer: null };
  'step.end': {
    args: { step: string; direction: 'forward' | 'undo'; result?: Json; error?: ErrorRecord };
    answer: null;
  };
}

export type JournalCallName = keyof JournalCalls;

/** A call to the journal, or a host call of a step (`modules/kit/host-calls.ts`). */
export type Call =
  | { [N in JournalCallName]: { readonly name: N; readonly args: JournalCalls[N]['args'] } }[JournalCallName]
  | { readonly name: HostCallName; readonly step: string; readonly args: readonly unknown[] };

export type ToMain =
  /** The thread has loaded its code and is waiting for its attempt. */
  | { readonly kind: 'loaded' }
  | { readonly kind: 'call'; readonly id: number; readonly call: Call }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly step: string;
      readonly message: string;
      readonly fields: JsonObject;
      /** Number of lines that were dropped before this line. Absent if there were none. */
      readonly dropped?: number;
    }
  | { readonly kind: 'end'; readonly outcome: Outcome };

export type ToWorker =
  | { readonly kind: 'begin'; readonly attempt: Attempt }
  | { readonly kind: 'answer'; readonly id: number; readonly value: Json }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: ErrorRecord }
  | { readonly kind: 'abort'; readonly error: ErrorRecord };

/**
 * How an attempt ended. `interrupted`: a step had a temporary failure, and the job's policy decides whether the job is
 * retried.
 */
export type Outcome =
  | { readonly kind: 'completed' }
  | { readonly kind: 'undone' }
  | { readonly kind: 'failed'; readonly step: string; readonly error: ErrorRecord }
  | { readonly kind: 'undo_failed'; readonly step: string; readonly error: ErrorRecord };
