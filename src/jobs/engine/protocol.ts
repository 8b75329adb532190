/** What worker and main thread say to each other: typed calls one way, their answers and an abort the other. */
import type { ErrorRecord } from '../../kernel/errors.js';
import type { StepShape, StepStatus } from '../../model/flow.js';
import type { KindName } from '../../model/job-kinds.js';
import type { Json, JsonObject } from '../../kernel/json.js';
import type { SnapshotKind } from '../../model/guest.js';
import type {
  ContainerLook,
  ContainerSource,
  ResizeWish,
  ScriptCall,
  ScriptResult,
  ServiceView,
  SiteAnswerView,
  SiteRequestCall,
} from '../../modules/kit/context.js';
import type { ProxyState } from '../../model/proxy-state.js';

/** What a thread gets to begin with. */
export interface Attempt {
  readonly jobId: string;
  readonly modulePath: string;
  readonly method: KindName;
  readonly direction: 'forward' | 'undo';
  readonly service: ServiceView;
  readonly settings: JsonObject;
  readonly args: JsonObject;
  /** Steps whose undo is to run, in that order; empty when going forward. */
  readonly undo: readonly string[];
  readonly steps: readonly {
    readonly name: string;
    readonly status: StepStatus;
    readonly notes: JsonObject;
    readonly result: Json;
  }[];
}

/** Every call of the worker: arguments and answer. All are about the attempt's own job and service. */
export interface HostCalls {
  /** First call: the flow's declaration, made durable before any step runs. */
  'flow.declare': { args: { shapes: readonly StepShape[] }; answer: null };
  'step.begin': {
    args: { step: string; direction: 'forward' | 'undo'; timeoutS?: number };
    answer: { notes: JsonObject };
  };
  'step.note': { args: { step: string; values: JsonObject }; answer: null };
  'step.end': {
    args: { step: string; direction: 'forward' | 'undo'; result?: Json; error?: ErrorRecord };
    answer: null;
  };
  'container.allocate': {
    args: { step: string; source: ContainerSource };
    answer: { vmid: number; node: string };
  };
  'container.ensure': {
    args: { step: string; source: ContainerSource };
    answer: { vmid: number; node: string };
  };
  'container.start': { args: { step: string }; answer: null };
  'container.run': { args: { step: string; script: ScriptCall }; answer: ScriptResult };
  'container.snapshot': {
    args: { step: string; name: string; description: string; kind: SnapshotKind };
    answer: null;
  };
  /** Graceful, after `graceS` seconds forced. */
  'container.stop': { args: { step: string; graceS: number }; answer: null };
  'container.resize': { args: { step: string; wish: ResizeWish }; answer: null };
  'container.converge': { args: { step: string; source: ContainerSource }; answer: null };
  'plan.check': { args: { step: string }; answer: null };
  'container.rollback': { args: { step: string; name: string }; answer: null };
  'container.unsnapshot': { args: { step: string; name: string }; answer: null };
  'container.look': { args: { step: string }; answer: ContainerLook };
  'container.remove': { args: { step: string }; answer: null };
  'ha.ensure': { args: { step: string }; answer: null };
  'ha.remove': { args: { step: string }; answer: null };
  'dns.ensure': { args: { step: string }; answer: null };
  'dns.remove': { args: { step: string }; answer: null };
  'proxy.ensure': {
    args: { step: string; state: ProxyState; port: number; without: readonly string[] };
    answer: null;
  };
  'proxy.remove': { args: { step: string }; answer: null };
  'site.fetch': { args: { step: string; request: SiteRequestCall }; answer: SiteAnswerView };
  'secret.ensure': { args: { step: string; name: string; length: number }; answer: null };
  'data.save': { args: { step: string; values: JsonObject }; answer: null };
}

export type HostCallName = keyof HostCalls;

export type ToMain =
  /** The thread has loaded its code and waits for its attempt. */
  | { readonly kind: 'loaded' }
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly name: HostCallName;
      readonly args: HostCalls[HostCallName]['args'];
    }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly step: string;
      readonly message: string;
      readonly fields: JsonObject;
    }
  | { readonly kind: 'end'; readonly outcome: Outcome };

export type ToWorker =
  | { readonly kind: 'begin'; readonly attempt: Attempt }
  | { readonly kind: 'answer'; readonly id: number; readonly value: Json }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: ErrorRecord }
  | { readonly kind: 'abort'; readonly error: ErrorRecord };

/** How an attempt ended. `interrupted`: a step failed in a way that may pass; the job's policy decides. */
export type Outcome =
  | { readonly kind: 'completed' }
  | { readonly kind: 'undone' }
  | { readonly kind: 'failed'; readonly step: string; readonly error: ErrorRecord }
  | { readonly kind: 'undo_failed'; readonly step: string; readonly error: ErrorRecord };
