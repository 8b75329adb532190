/**
 * A job as data: a static table of named steps. Pure rules about what may start next, what to undo and how long the
 * longest path is.
 */
import type { Json } from '../kernel/json.js';

/**
 * What a step makes, changes or removes outside of the agent: so that a person can be told what is left of a job that
 * came to a stop.
 */
export type Thing = 'container' | 'ha' | 'snapshot' | 'dns' | 'proxy';

/** What is left of a step of a job that came to a stop. */
export interface Remain {
  readonly step: string;
  /** Null for a step that concerns nothing outside of the container. */
  readonly thing: Thing | null;
  /** For operators: `container 1012 on pve2`. */
  readonly what: string;
}

/** One step of a flow; `C` is the context that the engine hands to the code. */
export interface Step<C> {
  /** Names of the steps that must be done first. */
  readonly after?: readonly string[];
  /** Does the step's effect. Must be repeatable: after a crash it runs again with the notes of the first try. */
  run(context: C): Promise<Json | void>;
  /** Takes the effect back. Must tolerate that nothing was done. Gets the step's notes and result, replays nothing. */
  undo?(context: C): Promise<void>;
  /** Past this step the flow only goes forward. */
  readonly pivot?: boolean;
  /** Seconds this step may take, waiting for leases not counted. Default: the job's own time limit. */
  readonly timeoutS?: number;
  readonly concerns?: Thing;
}

/**
 * A pivot's step notes this (`true`) when it has failed and surely changed nothing: then the flow may still go back.
 */
export const UNTOUCHED = 'untouched';

export type Flow<C> = Readonly<Record<string, Step<C>>>;

/** What the journal keeps of a step's declaration. */
export interface StepShape {
  readonly name: string;
  readonly after: readonly string[];
  readonly undoable: boolean;
  readonly pivot: boolean;
  readonly concerns?: Thing;
}

/** The declaration without the code, in table order. Throws on an unknown or circular `after`. */
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

/** Steps that may start now: not yet begun, everything before them done. */
export function startable(shapes: readonly StepShape[], status: (name: string) => StepStatus): string[] {
  return shapes
    .filter(
      (shape) => status(shape.name) === 'pending' && shape.after.every((name) => status(name) === 'done'),
    )
    .map((shape) => shape.name);
}

/** Milliseconds of the longest chain of steps, given how long each took. */
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
