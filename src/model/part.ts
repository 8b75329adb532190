/** What a service may consist of beside what every service has. */
export const PARTS = ['guest', 'site'] as const;
export type Part = (typeof PARTS)[number];
