/** Counts the points at which the daemon may die, lists them, and dies at the chosen one. */

/**
 * Where to die: at the n-th passing of a named point, or so many milliseconds behind the n-th point of any name;
 * counted from when it was set.
 */
export type Death =
  { readonly at: string; readonly time: number } | { readonly any: number; readonly laterMs?: number };

export interface Boundaries {
  /** Called at every point. Does not return when this is the one. */
  pass(name: string): void;
  /** True when `pass(name)` would be the end: for points that leave something half done first. */
  isLast(name: string): boolean;
  /** Forgets all counts; undefined: lives on. */
  set(death: Death | undefined): void;
  /** What was passed since `set`, as `name` and how often by then. */
  passed(): readonly Point[];
}

export interface Point {
  readonly at: string;
  readonly time: number;
}

export function boundaries(die: (laterMs: number) => void): Boundaries {
  let death: Death | undefined;
  let passed: Point[] = [];
  let counts = new Map<string, number>();
  const isDeath = (at: string, time: number, all: number): boolean => {
    if (!death) return false;
    return 'any' in death ? all === death.any : death.at === at && death.time === time;
  };
  return {
    pass(name) {
      const time = (counts.get(name) ?? 0) + 1;
      counts.set(name, time);
      passed.push({ at: name, time });
      if (death && isDeath(name, time, passed.length)) die('laterMs' in death ? (death.laterMs ?? 0) : 0);
    },
    isLast: (name) => isDeath(name, (counts.get(name) ?? 0) + 1, passed.length + 1),
    set(next) {
      death = next;
      passed = [];
      counts = new Map();
    },
    passed: () => passed,
  };
}
