/** Events of a service, and the form in which they are recorded. */
import type { Json } from '../kernel/json.js';

export const EVENT_TYPES = [
  'service.ordered',
  'service.active',
  'service.failed',
  'service.suspended',
  'service.unsuspended',
  'service.terminated',
  'service.restored',
  'service.purged',
  'service.plan_changed',
  'service.owner_changed',
  'domain.added',
  'domain.removed',
  'domain.certificate_changed',
  'domain.primary_changed',
  'domain.disabled',
  'domain.enabled',
  'proxy.toggled',
  'backup.made',
  'backup.removed',
  'job.queued',
  'job.completed',
  'job.failed',
  'job.stuck',
  'job.cancelled',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

export interface Happening {
  readonly type: EventType;
  readonly data: { readonly [name: string]: Json };
}

/** An event as it is recorded, with an id and a time. */
export interface ServiceEvent extends Happening {
  /** UUID v7. */
  readonly id: string;
  /** RFC 3339 */
  readonly at: string;
}
