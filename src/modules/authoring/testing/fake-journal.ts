/** The journal of a job in memory: what the agent would record of each step. */
import { AgentError, type ErrorRecord } from '../../../kernel/errors.js';
import type { Json, JsonObject } from '../../../kernel/json.js';
import { type StepShape, type StepStatus, UNTOUCHED } from '../../../model/flow.js';
import { boundedCall } from '../../../jobs/engine/bounded-call.js';
import type { CallJournal } from '../../../jobs/engine/flow-run.js';
import type { Call, JournalCallName } from '../../../jobs/engine/protocol.js';

export interface FakeStepRecord {
  readonly name: string;
  readonly status: StepStatus;
  readonly notes: JsonObject;
  readonly result: Json;
  /** How often the step has begun. */
  readonly begun: number;
  readonly undoable: boolean;
  readonly pivot: boolean;
  readonly error?: ErrorRecord;
}

export interface FakeJournal {
  readonly call: CallJournal;
  steps(): readonly FakeStepRecord[];
  /** Names of the steps to undo, newest first. */
  undoOrder(): string[];
  /** Whether a pivot has begun, so that the job can no longer be undone. */
  hasPivoted(): boolean;
}

export function fakeJournal(): FakeJournal {
  const steps = new Map<string, FakeStepRecord>();
  const order: string[] = [];
  const change = (name: string, fn: (step: FakeStepRecord) => Partial<FakeStepRecord>): FakeStepRecord => {
    const known = steps.get(name);
    if (!known) throw new Error(`the flow has no step ${name}`);
    const next = { ...known, ...fn(known) };
    steps.set(name, next);
    return next;
  };
  const answer = (call: Extract<Call, { name: JournalCallName }>): unknown => {
    switch (call.name) {
      case 'flow.declare':
        for (const shape of call.args.shapes) if (!steps.has(shape.name)) steps.set(shape.name, fresh(shape));
        return null;
      case 'step.begin':
        return { notes: change(call.args.step, begun(order, call.args.direction)).notes };
      case 'step.note':
        change(call.args.step, ({ notes }) => ({ notes: { ...notes, ...call.args.values } }));
        return null;
      case 'step.wait':
        throw new AgentError('condition_pending', 'The operation waits for a condition.');
      case 'step.end':
        change(call.args.step, () => ended(call.args));
        return null;
    }
  };
  // the compiler cannot see that arguments and answer belong to this name
  const call = async (name: JournalCallName, args: unknown): Promise<unknown> => {
    const given: unknown = { name, args };
    return answer(boundedCall(given as Call) as Parameters<typeof answer>[0]);
  };
  return {
    call: call as CallJournal,
    steps: () => [...steps.values()],
    undoOrder: () =>
      order.toReversed().filter((name) => {
        const step = steps.get(name);
        return step?.undoable === true && step.status !== 'undone';
      }),
    hasPivoted: () =>
      [...steps.values()].some((step) => step.pivot && step.begun > 0 && step.notes[UNTOUCHED] !== true),
  };
}

function fresh({ name, undoable, pivot }: StepShape): FakeStepRecord {
  return { name, undoable, pivot, status: 'pending', notes: {}, result: null, begun: 0 };
}

const begun =
  (order: string[], direction: 'forward' | 'undo') =>
  (step: FakeStepRecord): Partial<FakeStepRecord> => {
    if (direction === 'undo') return { status: 'undoing' };
    if (!order.includes(step.name)) order.push(step.name);
    return {
      status: 'running',
      begun: step.begun + 1,
      notes: step.pivot ? { ...step.notes, [UNTOUCHED]: false } : step.notes,
    };
  };

function ended({
  direction,
  result = null,
  error,
}: {
  readonly direction: 'forward' | 'undo';
  readonly result?: Json;
  readonly error?: ErrorRecord;
}): Partial<FakeStepRecord> {
  if (direction === 'undo') return error ? { status: 'undo_failed', error } : { status: 'undone' };
  if (error?.code === 'aborted') return { status: 'pending' };
  return error ? { status: 'failed', error } : { status: 'done', result };
}
