/**
 * The flow of a job: a static table of named steps. The rules here are pure; they decide which steps may start, which
 * steps to undo, and how long the longest path is.
 */
import type { Json } from '../kernel/json.js';

/**
 * What a step creates, changes or removes outside the agent. The agent uses this to list what a stopped job has left
 * behind.
 */
export type Thing = 'container' | 'ha' | 'snapshot' | 'dns' | 'proxy' | 'account';

/** Something that a step of a stopped job has left behind. */
export interface Remain {
  readonly step: string;
  /** The kind of the object; null for a step that affects nothing outside the container. */
  readonly thing: Thing | null;
  /** For operators: `container 1012 on pve2`. */
  readonly what: string;
}

/** One step of a flow; `C` is the context that the engine passes to the code. */
export interface Step<C> {
  /** Names of the steps that must be done before this one. */
  readonly after?: readonly string[];
  /**
   * Performs the step. Must be repeatable, because after a crash the step runs again with the notes of the first run.
   */
  run(context: C): Promise<Json | void>;
  /**
   * Undoes the step, and must also succeed if the step did nothing. The function receives the step's notes and result;
   * `run` is not called again.
   */
  undo?(context: C): Promise<void>;
  /** Once this step has begun, the flow can no longer be undone, only continued. */
  readonly pivot?: boolean;
  /** Time limit of this step in seconds, not counting waits for leases. Default: the job's time limit. */
  readonly timeoutS?: number;
  readonly concerns?: Thing;
}

/**
 * A pivot sets this note to `true` when it has failed and certainly changed nothing. The flow can then still be undone.
 */
export const UNTOUCHED = 'untouched';

export type Flow<C> = Readonly<Record<string, Step<C>>>;

/** The part of a step's declaration that the journal keeps. */
export interface StepShape {
  readonly name: string;
  readonly after: readonly string[];
  readonly undoable: boolean;
  readonly pivot: boolean;
  readonly concerns?: Thing;
}

/**
 * The declarations of the steps without their code, in table order. Throws if an `after` names an unknown step or
 * creates a cycle.
 */
export function shapeOf<C>(flow: Flow<C>): StepShape[] {
  const shapes = Object.entries(flow).map(([name, step]) => ({
    name,
    after: [...(step.after ?? [])],
    undoable: step.undo !== undefined,
    pivot: step.pivot === true,
    ...(step.concerns === undefined ? {} : { concerns: step.concerns }),
  }));
  assertSound(shapes);
  return shapes;
}

function assertSound(shapes: readonly StepShape[]): void {
  const byName = new Map(shapes.map((shape) => [shape.name, shape]));
  const state = new Map<string, 'open' | 'closed'>();
  const visit = (name: string, path: readonly string[]): void => {
    const shape = byName.get(name);
    if (!shape) throw new Error(`step "${path.at(-1) ?? ''}" waits for "${name}", which does not exist`);
    if (state.get(name) === 'open')
      throw new Error(`steps wait for each other: ${[...path, name].join(' -> ')}`);
    if (state.get(name) === 'closed') return;
    state.set(name, 'open');
    for (const before of shape.after) visit(before, [...path, name]);
    state.set(name, 'closed');
  };
  for (const { name } of shapes) visit(name, []);
}

export const STEP_STATUSES = [
  ...(['pending', 'running', 'done', 'failed'] as const),
  ...(['undoing', 'undone', 'undo_failed', 'skipped'] as const),
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

/** Names of the steps that can start now: those that have not begun and whose preceding steps are all done. */
export function startable(shapes: readonly StepShape[], status: (name: string) => StepStatus): string[] {
  return shapes
    .filter(
      (shape) => status(shape.name) === 'pending' && shape.after.every((name) => status(name) === 'done'),
    )
    .map((shape) => shape.name);
}

/** Duration in milliseconds of the longest chain of steps, given the duration of each. */
export function longestPathMs(shapes: readonly StepShape[], durationMs: (name: string) => number): number {
  const byName = new Map(shapes.map((shape) => [shape.name, shape]));
  const memo = new Map<string, number>();
  const upTo = (name: string): number => {
    const known = memo.get(name);
    if (known !== undefined) return known;
    const before = (byName.get(name)?.after ?? []).map(upTo);
    const length = durationMs(name) + Math.max(0, ...before);
    memo.set(name, length);
    return length;
  };
  return Math.max(0, ...shapes.map((shape) => upTo(shape.name)));
}
