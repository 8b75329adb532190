/** Returns everything about one service that its panel may know. */
import type { JsonObject } from '../kernel/json.js';
import { localeOf } from '../model/locale.js';
import { keyOf, type Service } from '../model/service.js';
import { shownData } from '../model/service-data.js';
import type { Caller } from '../model/caller.js';
import type { DriftContext } from './context.js';
import { type StatusSources, viewStatus } from '../services/read-status.js';
import { viewFinding } from './view-drift.js';
import { viewJob } from '../jobs/manage/view-job.js';

export type ServiceSources = DriftContext & Pick<StatusSources, 'certificate'>;

/** Throws `service_not_found` or `state_damaged`. */
export async function readService(
  sources: ServiceSources,
  caller: Pick<Caller, 'panel'>,
  id: string,
  forOperator: boolean,
) {
  return viewService(sources, await sources.state.services.get(`${caller.panel}/${id}`), forOperator);
}

/** Empty if the module of the product is gone. */
function viewActions({ products }: ServiceSources, { module }: Service) {
  const actions = products.find(module.name)?.declared.actions ?? [];
  return actions.map(({ name, title, description, input }) => ({ name, title, description, input }));
}

/** Empty if the product declares no data, or if its module is gone. */
export function viewData(
  products: ServiceSources['products'],
  { module, data }: Pick<Service, 'module' | 'data'>,
): JsonObject {
  const schema = products.find(module.name)?.declared.serviceData;
  return schema ? shownData(schema, data) : {};
}

export function viewService(sources: ServiceSources, service: Service, forOperator: boolean) {
  return {
    ...viewStatus(sources, service),
    email: service.email,
    user_id: service.userId,
    locale: localeOf(service, sources.config.panels),
    module: service.module.name,
    data: viewData(sources.products, service),
    actions: viewActions(sources, service),
    generation: service.generation,
    snapshots: (service.guest?.snapshots ?? []).map((snapshot) => ({
      name: snapshot.name,
      kind: snapshot.kind,
      created_at: snapshot.createdAt,
    })),
    left_behind: [...(service.deletion?.leftBehind ?? [])],
    drift_details: forOperator ? sources.drift.of(keyOf(service)).map(viewFinding) : [],
    jobs: service.jobs.map((job) => viewJob(service.id, job, forOperator)),
    created_at: service.createdAt,
    updated_at: service.updatedAt,
    active_at: service.activeAt,
  };
}
