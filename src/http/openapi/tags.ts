/** The sections of the API description, in their order. */

export const TAGS = {
  Sites: 'Create, suspend, upgrade and delete sites, and read their state.',
  'Customer actions':
    'The operations of a customer on a site: start, stop, restart, reset, and switch off for visitors.',
  Backups: "Backups of a site, within the plan's quota.",
  Domains: "Custom domains of a site, within the plan's quota.",
  Zones: "Customers' DNS zones and their records.",
  Services: 'Lists, details, events and initial credentials of services.',
  Plans: 'The plans that can be ordered.',
  Jobs: 'Durable units of work that requests start.',
  Tasks: 'Durable units of work of modules, apart from the jobs of services.',
  Modules: 'The channels and gateways of notification and payment modules.',
  Operation: 'Health, metrics, alerts and the audit log, for operators and monitoring systems.',
  Tokens: 'API tokens. These endpoints are available only on the unix socket.',
  State: 'Export of the state. These endpoints are available only on the unix socket.',
} as const;

export type Tag = keyof typeof TAGS;
