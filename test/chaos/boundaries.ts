/** Counts and lists the points at which the daemon can die, and kills it at the chosen one. */

/**
 * Where to die: at the n-th passing of a named point, or a number of milliseconds after the n-th point of any name;
 * counted from the moment when it was set.
 */
export type Death =
  { readonly at: string; readonly time: number } | { readonly any: number; readonly laterMs?: number };

export interface Boundaries {
  /** Called at every point. Does not return if the daemon dies at this one. */
  pass(name: string): void;
  /** True if the daemon would die at `pass(name)`: for points that first leave something half done. */
  isLast(name: string): boolean;
  /** Resets all counts; undefined: the daemon does not die. */
  set(death: Death | undefined): void;
  /** The points passed since `set`, each with its name and count at that time. */
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
