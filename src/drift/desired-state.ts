/** The state of the remote systems that a service's document requires. */
import { domainId } from '../model/custom-domain.js';
import { servedNames } from '../model/domain-name.js';
import { type Guest, isReleased } from '../model/guest.js';
import type { Plan } from '../model/plan.js';
import { publicRecords } from '../model/public-records.js';
import { isHeld, keyOf, type Service, type ServiceKey } from '../model/service.js';
import type { Site } from '../model/site.js';

/**
 * `busy`: a job is open or has just changed the service. `stuck`: a job is stuck, and an alert already reports it.
 * `left`: the creation was abandoned, and the service must be deleted. `ended`: no object of the service should exist.
 * `live`: every object in `expected` should exist.
 */
export type Life = 'busy' | 'stuck' | 'left' | 'ended' | 'live';

export interface DesiredGuest {
  readonly vmid: number;
  /** The required power state; null if the container may be either running or stopped. */
  readonly power: 'running' | 'stopped' | null;
  readonly mayStop: boolean;
  readonly resources: Pick<Plan, 'cores' | 'memoryMb' | 'swapMb' | 'diskGb'>;
  /** Whether HA must manage the container; null if it may or may not. */
  readonly ha: boolean | null;
}

export interface DesiredState {
  /** Null when the service has no guest. Such a service is not compared with the cluster. */
  readonly guest: DesiredGuest | null;
  readonly dns: readonly {
    readonly name: string;
    readonly type: string;
    readonly values: readonly string[];
  }[];
  readonly proxy: {
    readonly names: readonly string[];
    readonly address: string;
    readonly state: string;
  } | null;
  /** Custom domains that have a certificate, with the certificate's id. */
  readonly certificates: readonly { readonly domain: string; readonly id: string }[];
}

export interface ServicePicture {
  readonly key: ServiceKey;
  readonly generation: number;
  /** Changes with every change of the document. */
  readonly version: string;
  readonly life: Life;
  readonly expected: DesiredState | null;
  /** The account on a server, and whether it should be active; absent if there is none. */
  readonly account?: { readonly server: string; readonly active: boolean };
}

export function pictureOf(service: Service, busy: boolean): ServicePicture {
  const life = busy ? 'busy' : lifeOf(service);
  return {
    key: keyOf(service),
    generation: service.generation,
    version: service.updatedAt,
    life,
    expected: life === 'live' ? expectedOf(service) : null,
    ...(service.server
      ? { account: { server: service.server.id, active: service.suspendedFor.length === 0 } }
      : {}),
  };
}

function lifeOf(service: Service): Life {
  if (service.jobs.some(({ status }) => status === 'stuck')) return 'stuck';
  if (service.lifecycle === 'terminated') return isHeld(service) ? 'live' : 'ended';
  if (service.lifecycle === 'failed') return isReleased(service.guest) && !service.server ? 'ended' : 'left';
  return service.lifecycle === 'creating' ? 'busy' : 'live';
}

function expectedOf(service: Service): DesiredState | null {
  // the service has no VMID, because a job has not assigned one yet or the creation failed before that
  if (service.guest?.vmid === null) return null;
  const guest = service.guest && expectedGuest(service, service.guest);
  if (service.lifecycle === 'terminated' || !service.site)
    return { guest, dns: [], proxy: null, certificates: [] };
  return { guest, ...expectedSite(service, service.site) };
}

function expectedGuest(service: Service, { vmid, power: last }: Guest): DesiredGuest | null {
  if (vmid === null) return null;
  const { cores, memoryMb, swapMb, diskGb } = service.plan;
  const base = { vmid, resources: { cores, memoryMb, swapMb, diskGb } };
  if (service.lifecycle === 'terminated') return { ...base, power: 'stopped', mayStop: false, ha: false };
  const suspended = service.suspendedFor.length > 0;
  const power = suspended ? 'stopped' : (last ?? null);
  return {
    ...base,
    power,
    // only a suspended site may be stopped automatically: a site that runs although its customer has stopped it may
    // have visitors, so an operator must decide
    mayStop: suspended,
    // HA is required only for a running container, because adding a container to HA starts it
    ha: power === 'running' ? true : null,
  };
}

function expectedSite(
  service: Service,
  { fqdn, domains, proxyEnabled }: Site,
): Pick<DesiredState, 'dns' | 'proxy' | 'certificates'> {
  const suspended = service.suspendedFor.length > 0;
  return {
    dns: publicRecords(service)
      .filter(({ values }) => values.length > 0)
      .map((record) => ({ name: fqdn, ...record })),
    proxy: {
      names: servedNames({ fqdn, domains }),
      address: service.guest?.addresses[0]?.address ?? '',
      state: suspended ? 'suspended' : proxyEnabled ? 'enabled' : 'disabled',
    },
    certificates: domains
      .filter(({ certificate }) => certificate.state === 'issued')
      .map(({ domain }) => ({ domain, id: domainId(domain) })),
  };
}
