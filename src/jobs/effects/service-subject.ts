/** Lets the job engine work on services as the subjects of jobs. */
import { keyOf, logFieldsOf, type Service, type ServiceKey } from '../../model/service.js';
import type { Guest } from '../../model/guest.js';
import type { Site } from '../../model/site.js';
import { localeOf, type PanelLocales } from '../../model/locale.js';
import { servedNames } from '../../model/domain-name.js';
import { AgentError } from '../../kernel/errors.js';
import { leftoversOf } from '../../model/leftovers.js';
import type { GuestView, ServiceView, SiteView } from '../../modules/kit/context.js';
import type { JobArchive, ServiceStore } from '../../state/contract.js';
import type { SubjectRecords } from '../engine/subject.js';
import type { SubjectKind } from '../engine/subject-kind.js';
import { serviceCallCheck } from './call-check.js';
import type { EffectDeps } from './effect.js';
import { carryOut } from './table.js';

export interface ServiceRecordsDeps {
  readonly services: ServiceStore;
  readonly archive: JobArchive;
  /** This function is passed in, because `services/outcomes.ts` is in a higher layer. */
  readonly withJob: SubjectRecords<Service>['withJob'];
}

export function serviceRecords({ services, archive, withJob }: ServiceRecordsDeps): SubjectRecords<Service> {
  return {
    get: (key) => services.get(asKey(key)),
    commit: (key, fn) =>
      services.change(asKey(key), (current) => {
        if (!current) throw new AgentError('service_not_found', 'There is no such service.', { detail: key });
        return fn(current);
      }),
    archive: (key, job) => archive.append({ key: asKey(key), job }),
    withJob,
    remains: leftoversOf,
  };
}

export function serviceSubject(deps: Omit<EffectDeps, 'log'> & ServiceRecordsDeps): SubjectKind<Service> {
  const { services } = deps;
  const check = serviceCallCheck();
  return {
    ...serviceRecords(deps),
    name: 'service',
    *unfinished() {
      for (const { key, openJobs } of services.entries()) if (openJobs.length > 0) yield key;
    },
    onChange: (listener) => services.onChange((next) => listener(keyOf(next), next)),
    logFields: (key) => logFieldsOf(asKey(key)),
    view: (service) => serviceView(service, deps.config.panels),
    call: (context, name, args) =>
      carryOut({ ...context, deps: { ...deps, log: context.log } }, name, args, check),
  };
}

/** The engine uses the same key for a service as the store. */
const asKey = (key: string): ServiceKey => key as ServiceKey;

/** What module code can read of a service. */
export function serviceView(service: Service, panels: PanelLocales): ServiceView {
  return {
    panel: service.panel,
    id: service.id,
    generation: service.generation,
    email: service.email,
    locale: localeOf(service, panels),
    guest: service.guest && viewGuest(service.guest),
    site: service.site && viewSite(service.site),
    publicIps: service.order.publicIps,
    plan: service.plan,
    data: service.data,
    properties: service.order.properties ?? {},
    suspendedFor: service.suspendedFor,
  };
}

function viewGuest({ addresses, power, snapshots }: Guest): GuestView {
  return { addresses: addresses.map(({ address }) => address), power: power ?? null, snapshots };
}

function viewSite(site: Site): SiteView {
  const { subdomain, fqdn, primaryDomain, proxyEnabled } = site;
  return { subdomain, fqdn, url: `https://${primaryDomain}`, names: servedNames(site), proxyEnabled };
}
