/**
 * Holds capacity for future orders. The unused part of a reservation is derived from the services that were ordered
 * with it, so no separate count must be kept in sync.
 */
import { v7 as uuidV7 } from 'uuid';
import { instant } from '../kernel/clock.js';
import { AgentError } from '../kernel/errors.js';
import { invalid } from '../kernel/invalid.js';
import type { Caller } from '../model/caller.js';
import { type Plan, sameValues } from '../model/plan.js';
import { isHolding, type Reservation } from '../model/reservation.js';
import type { ServiceKey } from '../model/service.js';
import { capacityOf } from './capacity.js';
import type { OperationContext, SoldProduct } from './context.js';
import { type PlanRequest, sellPlan } from './sell-plan.js';

/** Seconds. */
export const TTL = { least: 60, most: 604_800, usual: 86_400 } as const;
export const MOST_UNITS = 100;
/** Maximum number of sites in all reservations of one panel. */
const MOST_HELD = 1_000;
/** Time for which an expired reservation is kept, so that it is still recognised. */
const KEPT_MS = 86_400_000;

export interface ReservationRequest extends PlanRequest {
  readonly count: number;
  readonly ttlS: number;
  readonly module?: string | undefined;
}

type By = Pick<Caller, 'panel' | 'requestId'>;

/**
 * Creates a reservation, which is durable when the promise resolves. Throws `unknown_plan`, `unknown_module`,
 * `module_conflict`, `plan_unusable`, `quota_reached`, `capacity_exhausted`, `not_ready`, `state_unavailable`.
 */
export async function reserve(
  context: OperationContext,
  caller: By,
  request: ReservationRequest,
): Promise<Reservation> {
  const { state, clock, products } = context;
  const { plan, module } = await sellPlan(context, caller, request);
  const product = products.get(module);
  return context.reservationTurns.run('reservations', async () => {
    refuseMany(state.reservations.list(), caller.panel, request.count, clock.now());
    refuseWithout(context, plan, product, request.count);
    const id = uuidV7({ msecs: clock.now() });
    const expiresAt = new Date(clock.now() + request.ttlS * 1000).toISOString();
    const made = { schema: 1, id, panel: caller.panel, plan, count: request.count, takenBy: [] } as const;
    return state.reservations.commit(id, () => ({ ...made, createdAt: instant(clock), expiresAt }));
  });
}

function refuseMany(all: readonly Reservation[], panel: string, count: number, now: number): void {
  const held = all
    .filter((one) => one.panel === panel && isHolding(one, now))
    .reduce((sum, one) => sum + one.count, 0);
  if (held + count > MOST_HELD)
    throw new AgentError('quota_reached', `Reservation limit reached (${held} of ${MOST_HELD})`);
}

function refuseWithout(context: OperationContext, plan: Plan, product: SoldProduct, count: number): void {
  const { available, limitedBy } = capacityOf(context, plan, product);
  if (available === null)
    throw new AgentError('not_ready', 'The free capacity is not known yet; please try again in a moment.', {
      retryAfterS: 10,
    });
  if (available < count)
    throw new AgentError(
      'capacity_exhausted',
      `There is capacity for ${available} such sites, but ${count} were requested.`,
      {
        detail: `limited by ${limitedBy.join(' and ')}`,
        retryAfterS: 300,
      },
    );
}

/** Releases the unused part of a reservation, even if the reservation has expired. Throws `reservation_not_found`. */
export async function release(context: OperationContext, caller: By, id: string): Promise<Reservation> {
  const { reservations } = context.state;
  ofPanel(reservations.find(id), caller);
  return reservations.commit(id, (current) => {
    const found = ofPanel(current, caller);
    const now = instant(context.clock);
    return found.expiresAt <= now ? found : { ...found, expiresAt: now };
  });
}

function sameName(a: Plan, b: Plan): string {
  return a.name === b.name ? ' with other options' : '';
}

function ofPanel(found: Reservation | undefined, { panel }: By): Reservation {
  if (found?.panel === panel) return found;
  throw new AgentError('reservation_not_found', 'There is no such reservation.');
}

/**
 * Takes one unit of the reservation for this order. If the order is sent again, it does not take a second unit. Call
 * this before the order is recorded. If the daemon ends in between, the unit stays in use until the order is sent
 * again. Throws `reservation_not_found`, `reservation_used`, `invalid_request` for another plan.
 */
export async function takeUnit(
  { state, clock }: OperationContext,
  caller: By,
  order: { readonly reservation: string; readonly key: ServiceKey; readonly plan: Plan },
): Promise<void> {
  const { key, plan, reservation } = order;
  const { services, reservations } = state;
  ofPanel(reservations.find(reservation), caller);
  await reservations.commit(reservation, (current) => {
    const found = ofPanel(current, caller);
    if (!isHolding(found, clock.now()))
      throw new AgentError('reservation_not_found', 'The reservation has expired.');
    if (!sameValues(found.plan, plan))
      throw invalid({ reservation: `is for the plan ${found.plan.name}${sameName(found.plan, plan)}` });
    if (found.takenBy.includes(key)) return found;
    // a failed order loses its unit of the reservation once another order needs the unit
    const stay = found.takenBy.filter((one) => services.entry(one)?.lifecycle !== 'failed');
    if (stay.length >= found.count) throw new AgentError('reservation_used', 'The reservation is used up.');
    const takenBy = found.takenBy.length < found.count ? found.takenBy : stay;
    return { ...found, takenBy: [...takenBy, key] };
  });
}

/** Removes reservations that ended at least a day ago. Nothing is removed while the clock is not trusted. */
export async function forgetReservations({
  state,
  clock,
}: Pick<OperationContext, 'state' | 'clock'>): Promise<number | undefined> {
  if (!clock.trusted()) return undefined;
  for (const { id, expiresAt } of state.reservations.list())
    if (Date.parse(expiresAt) + KEPT_MS <= clock.now()) await state.reservations.remove(id);
  return undefined;
}
