/**
 * Accepts an order for a site: checks it, chooses name, address and VMID, and records service and job in
 * one write.
 */
import { isDeepStrictEqual } from 'node:util';
import { instant } from '../kernel/clock.js';
import { requestDomain } from '../model/requested-domain.js';
import { AgentError } from '../kernel/errors.js';
import { ClaimTakenError } from '../model/claim.js';
import { CHECK_DATA, isOpen } from '../model/job.js';
import { endsTheSite } from '../model/job-kinds.js';
import type { JsonObject } from '../kernel/json.js';
import { localeOf } from '../model/locale.js';
import type { Plan } from '../model/plan.js';
import { readOptions } from '../model/plan-options.js';
import { isReleased } from '../model/guest.js';
import { serverRequestOf } from '../jobs/effects/server-choice.js';
import { isHeld, keyOf, type Service } from '../model/service.js';
import type { Site } from '../model/site.js';
import { isLack } from '../model/waiting-order.js';
import { type Allocate, isExhausted } from './allocate.js';
import { placementRequestOf } from './capacity.js';
import type { Caller } from '../model/caller.js';
import { checkEmail, checkOrder, type SiteOrder, type SiteRequest } from './check-order.js';
import type { OperationContext } from './context.js';
import { domainRules } from './domain-rules.js';
import { newJob } from './new-job.js';
import { optionsOf, orderData, restoredData } from './order-data.js';
import { sellPlan } from './sell-plan.js';
import { takeUnit } from './reservations.js';
import { mayBeRestored, orderOf, restoredService, type Sale } from './restore-site.js';

const MOST_RACES = 50;

export interface Ordered {
  readonly service: Service;
  /** Sentences for the panel about parts of the order that are not done at once, or not as requested. */
  readonly warnings: readonly string[];
}

/**
 * Returns the recorded service; for a repeated request, the service from the first request. If addresses, container
 * numbers or servers are used up, the order's job waits for them, unless `strict` is set. Throws `invalid_request`,
 * `unknown_plan`, `unknown_module`, `module_conflict`, `plan_unusable`, `name_reserved`, `name_taken`,
 * `service_exists`, `service_busy`, `service_failed`, `state_damaged`, `state_unavailable`; if `strict` is set, also
 * `capacity_exhausted`, `reservation_not_found` and `reservation_used`.
 */
export async function createSite(
  context: OperationContext,
  allocate: Allocate,
  caller: Caller,
  request: SiteRequest,
  { strict = false }: { readonly strict?: boolean } = {},
): Promise<Ordered> {
  const { config, state } = context;
  const order = checkOrder(request, {
    ...domainRules(config),
    reservedNames: new Set(config.create.reserved_names.map((name) => name.toLowerCase())),
    ownNetworks: [...config.proxy.public_addresses, ...config.domains.lab_networks],
  });
  const key = keyOf({ panel: caller.panel, id: order.id });
  const plan = context.plans.find(order.planWord);
  const existing = await state.services.find(key);
  if (existing && !mayStartAgain(existing) && !mayBeRestored(existing))
    return { service: sameOrder(existing, order, plan), warnings: otherOptions(existing, order, plan) };
  const { properties, module } = order;
  const sold = await sellPlan(context, caller, { plan: order.planWord, properties, module });
  const product = context.products.get(sold.module);
  const ordered = { product, plan: sold.plan, options: optionsOf(context.plans, sold.plan), properties };
  const isRestored = existing !== undefined && mayBeRestored(existing);
  const data = isRestored
    ? restoredData(context, ordered, existing)
    : await orderData(context, { ...ordered, locale: languageOf(context, caller, order) });
  const sale: Sale = { key, order, plan: sold.plan, product, data, caller };
  if (isRestored) return record(context, allocate, sale, strict);
  checkEmail(sale.product, order.email);
  const used = await useReservation(context, sale, strict);
  const lack = lackOfRoom(context, sale);
  if (lack && strict) throw lack;
  const { service, warnings } = await record(context, allocate, sale, strict);
  const waits = lack && warnings.length === 0 ? [waitsFor(lack)] : warnings;
  if (data.isCorrected) noteCorrected(context, sale);
  return { service, warnings: [...data.warnings, ...used, ...waits] };
}

/** Raises an alert, because the customer may have paid for other values. */
function noteCorrected({ log, noticed }: OperationContext, { order, plan, caller }: Sale): void {
  log.warn({ service_id: order.id, panel: caller.panel, plan: plan.name }, 'an order has wrong properties');
  noticed?.({ kind: 'order_corrected', panel: caller.panel, plan: plan.name, service: order.id });
}

/**
 * Uses the reservation that the order names. If the reservation cannot be used, returns a warning with the reason. The
 * order is accepted anyway, because the customer has paid.
 */
async function useReservation(
  context: OperationContext,
  { order, key, plan, caller }: Sale,
  strict: boolean,
): Promise<string[]> {
  const { reservation } = order;
  if (reservation === undefined) return [];
  try {
    await takeUnit(context, caller, { reservation, key, plan });
    return [];
  } catch (error) {
    const isRefusal = error instanceof AgentError && error.status < 500;
    if (strict || !isRefusal) throw error;
    return [`The reservation is not used: ${error.message}`];
  }
}

const waitsFor = ({ message }: AgentError): string =>
  `${message.replace(/[.]$/, '')}: the order waits until one is free.`;

/** The language of the order, or else that of the panel. */
function languageOf(
  { config }: Pick<OperationContext, 'config'>,
  { panel }: Caller,
  { locale }: SiteOrder,
): string | null {
  return localeOf({ panel, ...(locale === undefined ? {} : { locale }) }, config.panels);
}

/** Places a failed order again with the plan and options that were sold originally. Throws what `createSite` throws. */
export async function createOnceMore(
  context: OperationContext,
  allocate: Allocate,
  caller: Caller,
  order: SiteOrder,
  { plan, module }: { readonly plan: Plan; readonly module: string },
): Promise<Service> {
  const key = keyOf({ panel: caller.panel, id: order.id });
  const product = context.products.get(module);
  const { properties } = order;
  const options = optionsOf(context.plans, plan);
  const { secrets = {} } = (await context.state.services.find(key)) ?? {};
  const locale = languageOf(context, caller, order);
  const data = await orderData(context, { product, plan, options, properties, secrets, locale });
  const sale: Sale = { key, order, plan, product, data, caller };
  return (await record(context, allocate, sale, false)).service;
}

async function record(
  context: OperationContext,
  allocate: Allocate,
  sale: Sale,
  strict: boolean,
): Promise<Ordered> {
  for (let race = 1; ; race += 1) {
    try {
      const { value, result } = await context.state.services.change<string[]>(sale.key, (current) => {
        if (current && mayBeRestored(current))
          return { value: restoredService(context, sale, current), result: [] };
        if (current && !mayStartAgain(current))
          return { value: sameOrder(current, sale.order, sale.plan), result: [] };
        const { parts, servers } = sale.product.declared;
        const wanted = servers ? serverRequestOf(sale.product.info.name, sale.plan) : undefined;
        const allotment = allocate(sale.key, sale.order, { parts, plan: sale.plan }, !strict, wanted);
        const value = newService(context, sale, allotment, current);
        return { value, result: allotment.lacks ? [waitsFor(allotment.lacks)] : [] };
      });
      return { service: value, warnings: result };
    } catch (error) {
      if (!isLostRace(error, sale) || race >= MOST_RACES) throw error;
    }
  }
}

/**
 * True when a concurrent order has claimed the same value in the meantime and another value can be chosen. A name that
 * the order requests has no alternative.
 */
function isLostRace(error: unknown, { order }: Sale): boolean {
  if (!(error instanceof ClaimTakenError)) return false;
  return error.kind !== 'name' || order.subdomain === undefined;
}

function newService(
  context: OperationContext,
  sale: Sale,
  allotment: ReturnType<Allocate>,
  former: Service | undefined,
): Service {
  const { order, plan, product, data, caller } = sale;
  const now = instant(context.clock);
  return {
    panel: caller.panel,
    id: order.id,
    // failed creations also increase the generation, because a new creation must never adopt objects that they may have
    // left behind
    generation: (former?.generation ?? 0) + 1,
    lifecycle: 'creating',
    order: orderOf(sale),
    email: order.email.address,
    userId: order.userId ?? null,
    ...(order.locale === undefined ? {} : { locale: order.locale }),
    plan,
    module: { type: 'product', name: product.info.name },
    guest: allotment.guest && { ...allotment.guest, node: null, snapshots: [], lastBackup: null },
    site: allotment.subdomain === null ? null : newSite(context, order, allotment.subdomain),
    ...(allotment.server === undefined ? {} : { server: allotment.server }),
    suspendedFor: [],
    deletion: null,
    secrets: data.secrets,
    credentialsAcknowledgedAt: null,
    data: data.data,
    jobs: [
      ...(former?.jobs ?? []).slice(-1),
      newJob(context, {
        method: 'create',
        ...(data.isUnjudged ? { args: { [CHECK_DATA]: true } } : {}),
        plan,
        product,
        caller,
        patienceS: context.config.create.patience_s,
      }),
    ],
    createdAt: now,
    updatedAt: now,
    activeAt: null,
  };
}

function newSite({ clock, config }: OperationContext, order: SiteOrder, subdomain: string): Site {
  const fqdn = `${subdomain}.${config.agent.base_domain}`;
  return {
    subdomain,
    fqdn,
    domains: [],
    ...(order.domain === undefined
      ? {}
      : { domainWish: requestDomain(order.domain.name, order.domain.problem, clock.now()) }),
    primaryDomain: fqdn,
    proxyEnabled: true,
  };
}

/**
 * True when nothing of the former service is left, because it was deleted or its creation failed and was undone. A
 * service whose creation was abandoned must be deleted first.
 */
function mayStartAgain(service: Service): boolean {
  if (service.lifecycle === 'terminated') return !isHeld(service) && !service.jobs.some(isOpen);
  if (!isReleased(service.guest) || service.server) return false;
  return service.lifecycle === 'failed' && !service.jobs.some((job) => isOpen(job) || job.status === 'stuck');
}

/**
 * A repeated order is compared by e-mail address and plan only. Other differences are not applied, but reported as
 * warnings.
 */
function otherOptions(
  { order: first }: Service,
  { properties }: SiteOrder,
  plan: Plan | undefined,
): string[] {
  if (!plan) return [];
  const chosen = ({ properties: sent }: { readonly properties?: JsonObject | undefined }) =>
    readOptions(plan, sent).chosen;
  if (isDeepStrictEqual(chosen({ properties }), chosen(first))) return [];
  return [
    'The service was ordered with other options. To change them, send an upgrade instead of another order.',
  ];
}

/** Returns the service if it was created from this order, and throws otherwise. */
function sameOrder(service: Service, order: SiteOrder, plan: Plan | undefined): Service {
  const samePlan =
    plan === undefined ? service.order.planWord === order.planWord : service.order.plan === plan.name;
  if (service.order.email !== order.email.address || !samePlan) {
    throw new AgentError(
      'service_exists',
      `Service ${order.id} already exists with a different ${samePlan ? 'e-mail address' : 'plan'}.`,
    );
  }
  const open = service.jobs.filter(isOpen);
  const leaving = open.some(endsTheSite);
  const stuck = service.jobs.some((job) => job.status === 'stuck');
  if (service.lifecycle === 'failed' && !leaving && (stuck || open.length === 0))
    throw new AgentError(
      'service_failed',
      stuck
        ? 'The site could not be created; the operator must clean up what is left of it.'
        : 'The site could not be created, and parts of it still exist: delete the site first.',
    );
  if (leaving || service.lifecycle === 'failed' || service.lifecycle === 'terminated')
    throw new AgentError('service_busy', 'The former site with this id is still being removed.', {
      detail: stuck ? 'an operator must finish a stuck job' : 'a job is running',
    });
  return service;
}

/**
 * Reports a lack of capacity only if it is certain. Without a fresh view of the cluster nothing is reported here, and
 * the job will detect a lack later.
 */
function lackOfRoom(
  { watch, roomFor }: OperationContext,
  { key, plan, product }: Sale,
): AgentError | undefined {
  const view = watch.latest();
  const { source, parts } = product.declared;
  if (!source || !parts.includes('guest')) return undefined;
  if (!view || watch.staleSince() !== undefined) return undefined;
  try {
    roomFor(placementRequestOf(plan, source), view, { key, createdAt: null });
    return undefined;
  } catch (error) {
    if (isExhausted(error)) return error;
    // even a strict order is accepted if the missing resource must be provided by the operator. Its job waits, and an
    // alert names the missing resource.
    if (error instanceof AgentError && isLack(error.code)) return undefined;
    throw error;
  }
}
