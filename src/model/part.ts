/** Optional parts of a service, in addition to what every service has. */
export const PARTS = ['guest', 'site'] as const;
export type Part = (typeof PARTS)[number];
