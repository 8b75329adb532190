/** A service is what one customer bought. One document holds everything about a service. */
import { AgentError } from '../kernel/errors.js';
import type { Guest } from './guest.js';
import type { ServiceEvent } from './service-event.js';
import type { Site } from './site.js';
import type { Job } from './job.js';
import type { JsonObject } from '../kernel/json.js';
import type { Mark } from '../kernel/mark.js';
import type { Plan } from './plan.js';
import type { Secret } from '../kernel/secret.js';
import type { ServerPlace } from './server.js';

export const LIFECYCLES = ['creating', 'active', 'suspended', 'terminated', 'failed'] as const;
export type Lifecycle = (typeof LIFECYCLES)[number];

/** The order as the panel first sent it. A repeated request is compared with this order. */
export interface Order {
  readonly email: string;
  /** The resolved name of the plan. */
  readonly plan: string;
  /** The plan's name or alias as the panel sent it. */
  readonly planWord: string;
  readonly publicIps: readonly string[];
  readonly subdomain?: string;
  readonly domain?: string;
  readonly userId?: string;
  readonly properties?: JsonObject;
  readonly locale?: string;
  /** Id of the reservation that the order named. */
  readonly reservation?: string;
}

export const SUSPENSION_REASONS = ['billing', 'abuse', 'admin'] as const;
export type SuspensionReason = (typeof SUSPENSION_REASONS)[number];

export interface Deletion {
  readonly requestedAt: string;
  /** Time of the purge (RFC 3339). Until then the container, name, addresses and VMID are kept. */
  readonly purgeAt: string;
  /** Descriptions of objects that could not be removed. An operator has decided to leave them in place. */
  readonly leftBehind?: readonly string[];
}

export interface Service {
  /** Schema version of the service's document, set by the store. */
  readonly schema?: number;
  readonly panel: string;
  readonly id: string;
  /**
   * Counts the uses of this id. If the id of a deleted service is ordered again, the new service gets the next number.
   */
  readonly generation: number;
  readonly lifecycle: Lifecycle;
  readonly order: Order;
  readonly email: string;
  readonly userId: string | null;
  /** The customer's language (BCP 47). If it is absent, the panel's language applies. */
  readonly locale?: string;
  /** The plan as sold. Later changes of the plan file do not affect it. */
  readonly plan: Plan;
  readonly module: { readonly type: 'product'; readonly name: string };
  /**
   * Null when the product has no guest. The service then claims no VMID and no address, and is not compared with the
   * cluster.
   */
  readonly guest: Guest | null;
  /** Null when the product has no site. The service then has no name, no DNS record, no proxy host and no domain. */
  readonly site: Site | null;
  /**
   * The account on a server. Null while the service waits for a server, and after its account was removed. Absent if
   * the product creates no accounts on servers.
   */
  readonly server?: ServerPlace | null;
  /** Empty unless suspended. */
  readonly suspendedFor: readonly SuspensionReason[];
  /** Set once the site is no longer served to visitors. */
  readonly deletion: Deletion | null;
  /** Encrypted in the file. */
  readonly secrets: Readonly<Record<string, Secret>>;
  /** When the first credentials were acknowledged. They are erased at that time. */
  readonly credentialsAcknowledgedAt: string | null;
  /** Data that the module keeps (the framework's provision data). */
  readonly data: JsonObject;
  /** The open jobs, oldest first, and the newest ended job. */
  readonly jobs: readonly Job[];
  /**
   * The newest events, oldest first. The store adds them. If the agent crashed before it wrote an event to the event
   * log, the store copies the event from here into the log.
   */
  readonly events?: readonly ServiceEvent[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly activeAt: string | null;
  /**
   * The time at which a smaller plan was applied although the service uses more than that plan allows (RFC 3339).
   * Absent if the service was within the limits of its plan.
   */
  readonly smallerPlanAt?: string;
}

/** The unique key of a service: `<panel>/<id>`. */
export type ServiceKey = `${string}/${string}`;

export function keyOf(service: { readonly panel: string; readonly id: string }): ServiceKey {
  return `${service.panel}/${service.id}`;
}

/** The fields of a log line about a service. */
export function logFieldsOf(key: ServiceKey): { readonly service_id: string; readonly panel: string } {
  const [panel = '', id = ''] = key.split('/');
  return { service_id: id, panel };
}

export function markOf(
  agent: string,
  service: { readonly panel: string; readonly id: string; readonly generation: number },
): Mark {
  return { agent, panel: service.panel, service: service.id, generation: service.generation };
}

/** Service ids and panel names: 1-64 of letters, digits, `.`, `_`, `-`, not starting with `.` or `-`. */
export const ID_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

export type ProvisionStatus =
  'pending' | 'processing' | 'completed' | 'failed' | 'error' | 'suspended' | 'pause' | 'terminated';

/** True when the service is deleted but its container is kept until the purge. */
export function isHeld({
  lifecycle,
  deletion,
  guest,
}: Pick<Service, 'lifecycle' | 'deletion' | 'guest'>): boolean {
  return lifecycle === 'terminated' && deletion !== null && guest !== null && guest.vmid !== null;
}

const TRANSITIONS: Readonly<Record<Lifecycle, readonly Lifecycle[]>> = {
  creating: ['active', 'failed', 'suspended', 'terminated'],
  active: ['suspended', 'terminated', 'failed'],
  suspended: ['active', 'terminated', 'failed'],
  failed: ['creating', 'active', 'terminated'],
  terminated: ['creating', 'active', 'suspended'],
};

export function mayBecome(from: Lifecycle, to: Lifecycle): boolean {
  return from === to || TRANSITIONS[from].includes(to);
}

/** Throws `not_supported` when the service has no guest. */
export function guestOf({ guest }: Pick<Service, 'guest'>): Guest {
  if (guest) return guest;
  throw notSupported('The product of this service has no container.');
}

/** Throws `not_supported` when the service has no site. */
export function siteOf({ site }: Pick<Service, 'site'>): Site {
  if (site) return site;
  throw notSupported('The product of this service has no website.');
}

function notSupported(message: string): AgentError {
  return new AgentError('not_supported', message);
}

/** The service with these fields of its guest changed. A service without a guest is returned unchanged. */
export function withGuest<S extends Pick<Service, 'guest'>>(service: S, change: Partial<Guest>): S {
  return service.guest ? { ...service, guest: { ...service.guest, ...change } } : service;
}

/** The service with these fields of its site changed. A service without a site is returned unchanged. */
export function withSite<S extends Pick<Service, 'site'>>(service: S, change: Partial<Site>): S {
  return service.site ? { ...service, site: { ...service.site, ...change } } : service;
}

/**
 * The guest's host name, a single label: the site's, or one made from panel and id. Two guests may have the same host
 * name, but their marks differ.
 */
export function guestHostname({ site, panel, id }: Pick<Service, 'site' | 'panel' | 'id'>): string {
  if (site) return site.subdomain;
  const label = `${panel}-${id}`.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return label.slice(0, MOST_LABEL).replace(/^-+|-+$/g, '') || 'guest';
}

/** RFC 1035 */
const MOST_LABEL = 63;
