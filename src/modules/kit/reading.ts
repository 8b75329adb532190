/** The records of the agent that a module can read in addition to its own. */
export const READINGS = ['services'] as const;
export type Reading = (typeof READINGS)[number];
