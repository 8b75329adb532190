/** Runs a job of the module under test: forward, again after a failure or a crash, and as an undo. */
import { type AgentError, fromRecord } from '../../../kernel/errors.js';
import { neverAborted } from '../../../kernel/async/never.js';
import { type CallJournal, runFlow, type StepSeat } from '../../../jobs/engine/flow-run.js';
import type { Attempt, Outcome } from '../../../jobs/engine/protocol.js';
import type { Outside } from '../../../jobs/engine/step-context.js';
import type { StepContext } from '../../kit/context.js';
import type { JobFlow, Module } from '../../kit/module.js';
import type { MadeCall } from './carry-out.js';
import { fakeJournal, type FakeJournal, type FakeStepRecord } from './fake-journal.js';

export interface FakeJob {
  /**
   * `failed`: a step has failed; the agent would try again or undo the job. `undo_failed`: a step could not be undone,
   * so the job would be stuck. `killed`: the process of the module was killed.
   */
  readonly outcome: Outcome['kind'] | 'killed';
  /** The step that failed. */
  readonly step: string | null;
  readonly error: AgentError | null;
  readonly steps: readonly FakeStepRecord[];
  /** Whether a pivot has begun, so that the agent would not undo the job. */
  readonly hasPivoted: boolean;
  /** Continues the job, as the agent does after a crash or a temporary failure. */
  again(): Promise<FakeJob>;
  /** Undoes the steps that have begun, the newest first. */
  undo(): Promise<FakeJob>;
}

/** Whether the process is killed before the end of this step is recorded. */
export type KillBeforeEnd = (step: string, direction: Attempt['direction']) => boolean;

export interface RunDeps {
  readonly product: Module;
  readonly flow: () => JobFlow;
  readonly attempt: () => Attempt;
  readonly ask: Outside['ask'];
  readonly contextOf: (
    product: Module | undefined,
    attempt: Attempt,
    seat: StepSeat,
    outside: Partial<Outside>,
  ) => StepContext;
  readonly killBeforeEnd?: KillBeforeEnd | undefined;
  readonly intercept?:
    ((call: MadeCall, carryOut: () => Promise<unknown>, kill: () => void) => Promise<unknown>) | undefined;
}

export function runJob(deps: RunDeps): Promise<FakeJob> {
  return attempt(deps, fakeJournal(), 'forward');
}

async function attempt(
  deps: RunDeps,
  journal: FakeJournal,
  direction: Attempt['direction'],
): Promise<FakeJob> {
  const outcome = await outcomeOf(deps, journal, direction);
  const isOver = outcome.kind === 'failed' || outcome.kind === 'undo_failed';
  return {
    outcome: outcome.kind,
    step: isOver ? outcome.step : null,
    error: isOver ? fromRecord(outcome.error) : null,
    steps: journal.steps(),
    hasPivoted: journal.hasPivoted(),
    again: () => attempt(deps, journal, 'forward'),
    undo: () => attempt(deps, journal, 'undo'),
  };
}

type End = Outcome | { readonly kind: 'killed' };

async function outcomeOf(
  { product, flow, attempt: fresh, ask, contextOf, intercept, killBeforeEnd }: RunDeps,
  journal: FakeJournal,
  direction: Attempt['direction'],
): Promise<End> {
  const life = mortal();
  const attempt: Attempt = {
    ...fresh(),
    direction,
    undo: direction === 'undo' ? journal.undoOrder() : [],
    steps: journal.steps().map(({ name, status, notes, result }) => ({ name, status, notes, result })),
  };
  const alive: CallJournal = async (name, args) => {
    const isEnd = name === 'step.end' && (args as { readonly error?: unknown }).error === undefined;
    if (isEnd && killBeforeEnd?.((args as { readonly step: string }).step, direction)) life.end();
    if (life.isOver()) return never();
    return journal.call(name, args);
  };
  const asked: Outside['ask'] = async (step, name, args) => {
    if (life.isOver()) return never();
    const call = { step, name, args };
    const made = (): Promise<unknown> => ask(step, name, args);
    const answer = await (intercept ? intercept(call, made, life.end) : made());
    return life.isOver() ? never() : answer;
  };
  const run = async (): Promise<End> => {
    try {
      return await runFlow({
        ...{ attempt, flow: flow(), journal: alive, signal: neverAborted() },
        contextFor: (seat) => contextOf(product, attempt, seat, { journal: alive, ask: asked }),
      });
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return {
        kind: 'failed',
        step: '',
        error: { code: 'module_failed', message: detail, retryable: false },
      };
    }
  };
  return Promise.race([run(), life.ended]);
}

/** What a killed process was doing never ends. */
function never(): Promise<never> {
  return new Promise(() => {});
}

function mortal(): {
  readonly ended: Promise<{ readonly kind: 'killed' }>;
  isOver(): boolean;
  readonly end: () => void;
} {
  let over = false;
  let resolve: (end: { kind: 'killed' }) => void = () => undefined;
  const ended = new Promise<{ kind: 'killed' }>((done) => {
    resolve = done;
  });
  return {
    ended,
    isOver: () => over,
    end: () => {
      over = true;
      resolve({ kind: 'killed' });
    },
  };
}
