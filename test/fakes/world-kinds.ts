/**
 * Worlds that operations are tried in, with deaths and with faults: what sites are made from, and for how many
 * seconds a deleted one is kept.
 */
export const WORLD_KINDS = {
  template: { source: 'template', holdS: 0 },
  scratch: { source: 'scratch', holdS: 0 },
  /** Longer than anybody waits. */
  kept: { source: 'template', holdS: 3600 },
  /** For a moment, then it is purged. */
  purged: { source: 'template', holdS: 1 },
} as const;

export type World = keyof typeof WORLD_KINDS;
export const WORLDS: readonly World[] = ['template', 'scratch', 'kept', 'purged'];
