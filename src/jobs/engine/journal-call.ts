/** Checks the arguments of calls to the journal, because the arguments are written into the record of the job. */
import { isFields } from '../../kernel/is-fields.js';
import type { StepShape, Thing } from '../../model/flow.js';
import { unusable } from './bounded-call.js';
import { isName, readError } from './message.js';
import { WAIT_RANGES } from '../../modules/kit/wait-until.js';
import type { Wait } from './waits.js';
import type { Call, JournalCallName } from './protocol.js';

type JournalCall = Extract<Call, { name: JournalCallName }>;
type Fields = Readonly<Record<string, unknown>>;

const MOST_STEPS = 500;
const MOST_WAITS = 100;
const LONGEST_STEP_S = 604_800;

/** The same call with arguments of the right shape. Throws `module_failed`. */
export function checkedJournalCall(call: JournalCall): JournalCall {
  const args: Fields = { ...call.args };
  if (call.name === 'flow.declare') return { name: call.name, args: { shapes: shapesOf(args['shapes']) } };
  const step = stepOf(call.name, args['step']);
  if (call.name === 'step.note') {
    if (!isFields(args['values'])) throw unusable('the values of a note must be an object');
    return call;
  }
  if (call.name === 'step.wait') return { name: call.name, args: { step, ...waitOf(step, args) } };
  const direction = directionOf(args['direction']);
  if (call.name === 'step.begin') {
    const { timeoutS } = args;
    if (timeoutS === undefined) return { name: call.name, args: { step, direction } };
    if (typeof timeoutS !== 'number' || timeoutS <= 0 || timeoutS > LONGEST_STEP_S)
      throw unusable(
        `timeoutS of the step ${step} must be at most ${LONGEST_STEP_S} and above 0, not ${JSON.stringify(timeoutS)}`,
      );
    return { name: call.name, args: { step, direction, timeoutS } };
  }
  const error = args['error'] === undefined ? undefined : readError(args['error']);
  if (args['error'] !== undefined && error === undefined)
    throw unusable(`the error of the step ${step} is not an error record`);
  const { result } = call.args;
  return {
    name: call.name,
    args: { step, direction, ...(result === undefined ? {} : { result }), ...(error ? { error } : {}) },
  };
}

function waitOf(step: string, { wait, everyS, atMostS }: Fields): Wait {
  const isWithin = (value: unknown, { minimum, maximum }: Range): value is number =>
    typeof value === 'number' && value >= minimum && value <= maximum;
  if (!isWithin(everyS, WAIT_RANGES.every) || !isWithin(atMostS, WAIT_RANGES.atMost))
    throw unusable(`the step ${step} waits with options that are out of range`);
  if (!isWithin(wait, { minimum: 1, maximum: MOST_WAITS }))
    throw unusable(`the step ${step} has more than ${MOST_WAITS} waits`);
  return { wait, everyS, atMostS };
}

interface Range {
  readonly minimum: number;
  readonly maximum: number;
}

function shapesOf(value: unknown): StepShape[] {
  if (!Array.isArray(value) || value.length > MOST_STEPS)
    throw unusable(`a flow must be a list of at most ${MOST_STEPS} steps`);
  return value.map((shape: unknown) => shapeOf(shape));
}

function shapeOf(value: unknown): StepShape {
  if (!isFields(value)) throw unusable('a step of the flow is not an object');
  const { name, after, undoable, pivot, concerns } = value;
  const step = stepOf('flow.declare', name);
  if (!Array.isArray(after) || !after.every(isName))
    throw unusable(`"after" of the step ${step} is not a list of steps`);
  return {
    name: step,
    after,
    undoable: undoable === true,
    pivot: pivot === true,
    // a value from another release is kept
    ...(isName(concerns) ? { concerns: concerns as Thing } : {}),
  };
}

function stepOf(call: string, step: unknown): string {
  if (!isName(step) || step === '') throw unusable(`${call} must name a step`);
  return step;
}

function directionOf(value: unknown): 'forward' | 'undo' {
  if (value !== 'forward' && value !== 'undo')
    throw unusable('the direction of a step must be forward or undo');
  return value;
}
