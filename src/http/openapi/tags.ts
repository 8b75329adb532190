/** The sections of the API description, in their order. */

export const TAGS = {
  Sites: 'Create, suspend, upgrade and delete sites, and read their state.',
  'Customer actions': 'What a customer can do with a site: start, stop, restart, reset, switch off.',
  Backups: "Backups of a site, within the plan's quota.",
  Domains: "Custom domains of a site, within the plan's quota.",
  Zones: "Customers' DNS zones and their records.",
  Services: 'Lists, details, events and initial credentials of services.',
  Plans: 'The plans that can be ordered.',
  Jobs: 'The durable units of work that requests start.',
  Operation: 'Health, metrics, alerts and audit, for operators and monitoring.',
  Tokens: 'API tokens. Only available at the unix socket.',
  State: 'Export of the state. Only available at the unix socket.',
} as const;

export type Tag = keyof typeof TAGS;
