/** What a service's document says should be found in the systems behind us. */
import { domainId } from '../model/domain-record.js';
import { servedNames } from '../model/domain-name.js';
import type { Plan } from '../model/plan.js';
import { publicRecords } from '../model/public-records.js';
import { isHeld, keyOf, type Service, type ServiceKey } from '../model/service.js';

/**
 * `busy`: a job is open or has just changed it; `stuck`: a person knows already; `left`: its creation was abandoned, it must be deleted; `ended`: nothing should be
 * there; `live`: everything that `expected` says.
 */
export type Life = 'busy' | 'stuck' | 'left' | 'ended' | 'live';

export interface Expected {
  readonly vmid: number;
  /** Null: either will do. */
  readonly power: 'running' | 'stopped' | null;
  readonly mayStop: boolean;
  readonly resources: Pick<Plan, 'cores' | 'memoryMb' | 'swapMb' | 'diskGb'>;
  /** Null: either will do. */
  readonly ha: boolean | null;
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
  /** Custom domains with a certificate, and its id. */
  readonly certificates: readonly { readonly domain: string; readonly id: string }[];
}

export interface ServicePicture {
  readonly key: ServiceKey;
  readonly generation: number;
  /** Changes with every change of the document. */
  readonly version: string;
  readonly life: Life;
  readonly expected: Expected | null;
}

export function pictureOf(service: Service, busy: boolean): ServicePicture {
  const life = busy ? 'busy' : lifeOf(service);
  return {
    key: keyOf(service),
    generation: service.generation,
    version: service.updatedAt,
    life,
    expected: life === 'live' ? expectedOf(service) : null,
  };
}

function lifeOf(service: Service): Life {
  if (service.jobs.some(({ status }) => status === 'stuck')) return 'stuck';
  if (service.lifecycle === 'terminated') return isHeld(service) ? 'live' : 'ended';
  if (service.lifecycle === 'failed')
    return service.vmid === null && service.addresses.length === 0 ? 'ended' : 'left';
  return service.lifecycle === 'creating' ? 'busy' : 'live';
}

function expectedOf(service: Service): Expected | null {
  if (service.vmid === null) return null;
  const { cores, memoryMb, swapMb, diskGb } = service.plan;
  const base = { vmid: service.vmid, resources: { cores, memoryMb, swapMb, diskGb } };
  if (service.lifecycle === 'terminated')
    return { ...base, power: 'stopped', mayStop: false, ha: false, dns: [], proxy: null, certificates: [] };
  const suspended = service.suspendedFor.length > 0;
  const power = suspended ? 'stopped' : (service.power ?? null);
  return {
    ...base,
    power,
    // a customer's site that runs although it was stopped has visitors: that is for a person to decide
    mayStop: suspended,
    // whoever puts it under HA starts it
    ha: power === 'running' ? true : null,
    dns: publicRecords(service)
      .filter(({ values }) => values.length > 0)
      .map((record) => ({ name: service.fqdn, ...record })),
    proxy: {
      names: servedNames(service),
      address: service.addresses[0]?.address ?? '',
      state: suspended ? 'suspended' : service.proxyEnabled ? 'enabled' : 'disabled',
    },
    certificates: service.domains
      .filter(({ certificate }) => certificate.state === 'issued')
      .map(({ domain }) => ({ domain, id: domainId(domain) })),
  };
}
