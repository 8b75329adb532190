/**
 * Everything that a panel shows on its page about a service. The data comes from a single read of the service's
 * record.
 */
import { listAlerts, type ListedAlerts } from '../alerts/list-alerts.js';
import { viewBackups } from '../backups/backups.js';
import { viewDomains } from '../domains/list-domains.js';
import type { Caller } from '../model/caller.js';
import type { Service } from '../model/service.js';
import { excessNow, staysSentence } from '../model/upgrade.js';
import { credentialsState } from '../services/credentials-state.js';
import type { DriftContext } from '../drift/context.js';
import { type ServiceSources, viewService } from '../drift/read-service.js';

export interface OverviewSources extends ServiceSources {
  readonly alerts: Pick<ListedAlerts, 'list'>;
}

/** Throws `service_not_found` or `state_damaged`. */
export async function readOverview(
  sources: OverviewSources,
  caller: Pick<Caller, 'panel'>,
  id: string,
  forOperator: boolean,
) {
  const service = await sources.state.services.get(`${caller.panel}/${id}`);
  const detail = viewService(sources, service, forOperator);
  return {
    service: detail,
    domains: service.site && viewDomains(service),
    backups: service.guest && viewBackups(service),
    credentials: credentialsState(service, sources.clock.now()),
    login_link: hasLoginLinks(sources, service),
    problems: [...(detail.error ? [detail.error.message] : []), ...problemsOf(service)],
    alerts: listAlerts(sources.alerts, caller, { listener: 'network', ended: false })
      .filter(({ panel, service_id: about }) => panel === service.panel && about === service.id)
      .map(({ alert, severity, raised_at, text }) => ({
        ...{ alert, severity, raised_at },
        text: forOperator ? text : null,
      })),
  };
}

function problemsOf(service: Service): string[] {
  const { site, plan } = service;
  const ofDomains = (site?.domains ?? []).flatMap(({ certificate, stray }) => [
    certificate.problem,
    stray?.problem ?? null,
  ]);
  const all = [
    site?.domainWish?.problem ?? null,
    ...ofDomains,
    ...excessNow(service).map((one) => staysSentence(one, plan.name)),
  ];
  return all.filter((problem) => problem !== null);
}

/** Returns whether the product supports login links. The result is false if the product is no longer installed. */
function hasLoginLinks({ products }: Pick<DriftContext, 'products'>, { module, site }: Service): boolean {
  const declared = products.find(module.name)?.declared;
  return site !== null && typeof declared?.loginPath === 'string' && declared.abilities.includes('loginLink');
}
