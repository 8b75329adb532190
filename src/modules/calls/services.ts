/** Lets modules that declare `reads: ['services']` read what the agent knows about services, without any secrets. */
import { type PanelLocales, localeOf } from '../../model/locale.js';
import { servedNames } from '../../model/domain-name.js';
import type { Service, ServiceKey } from '../../model/service.js';
import { DEFAULT_PANEL } from '../../kernel/default-panel.js';
import type { ModuleCaller } from '../../jobs/effects/module-calls.js';
import type { ServiceEntry, ServiceStore } from '../../state/contract.js';
import type { Reading } from '../kit/reading.js';
import type { ServiceQuery, ServiceSummary } from '../kit/module-call-types.js';
import { type ModuleCall, refused } from './call.js';

export interface ServiceReaderDeps {
  readonly services: Pick<ServiceStore, 'entries' | 'entry' | 'find'>;
  readonly panels: PanelLocales;
  /** What the module declares that it reads. */
  readonly readsOf: (module: ModuleCaller['module']) => readonly Reading[];
}

export interface ServiceReader {
  readonly get: ModuleCall<'services.get'>;
  readonly page: ModuleCall<'services.page'>;
}

const DEFAULT_LIMIT = 50;

export function serviceReader(deps: ServiceReaderDeps): ServiceReader {
  const { services } = deps;
  const summaryOf = (caller: ModuleCaller, service: Service): ServiceSummary =>
    summary(service, deps.panels, caller.module);
  return {
    async get(caller, id, panel = panelOf(caller)) {
      refuseUndeclared(deps, caller);
      const key: ServiceKey = `${panel}/${id}`;
      // without an entry, the key is not used as the name of a file
      const service = services.entry(key) && (await services.find(key));
      return service ? summaryOf(caller, service) : null;
    },
    async page(caller, query = {}) {
      refuseUndeclared(deps, caller);
      const { limit = DEFAULT_LIMIT } = query;
      const keys: ServiceKey[] = [];
      for (const entry of services.entries()) {
        if (!isWanted(entry, query)) continue;
        keys.push(entry.key);
        if (keys.length > limit) break;
      }
      const shown = keys.slice(0, limit);
      const found = await Promise.all(shown.map((key) => services.find(key)));
      return {
        // a service can be removed while the page is read
        services: found.flatMap((service) => (service ? [summaryOf(caller, service)] : [])),
        next: keys.length > limit ? (shown.at(-1) ?? null) : null,
      };
    },
  };
}

function panelOf({ service }: ModuleCaller): string {
  return service?.split('/', 1)[0] ?? DEFAULT_PANEL;
}

function isWanted(entry: ServiceEntry, { panel, module, plan, status, after }: ServiceQuery): boolean {
  if (after !== undefined && entry.key <= after) return false;
  if (panel !== undefined && entry.panel !== panel) return false;
  if (module !== undefined && entry.module !== module) return false;
  if (plan !== undefined && entry.plan !== plan) return false;
  return status === undefined || entry.lifecycle === status;
}

function refuseUndeclared({ readsOf }: ServiceReaderDeps, { module }: ModuleCaller): void {
  if (readsOf(module).includes('services')) return;
  throw refused('The module may not read services.', "the module does not declare reads: ['services']");
}

function summary(service: Service, panels: PanelLocales, module: ModuleCaller['module']): ServiceSummary {
  const isOwn = service.module.type === module.type && service.module.name === module.name;
  return {
    panel: service.panel,
    id: service.id,
    generation: service.generation,
    module: service.module.name,
    plan: service.plan.name,
    status: service.lifecycle,
    suspendedFor: service.suspendedFor,
    email: service.email,
    locale: localeOf(service, panels),
    names: service.site ? servedNames(service.site) : [],
    createdAt: service.createdAt,
    data: isOwn ? service.data : null,
  };
}
