/** Capacity that is held for future orders, until an invoice is paid. */
import type { Plan } from './plan.js';
import type { ServiceKey } from './service.js';

export interface Reservation {
  readonly schema: 1;
  readonly id: string;
  readonly panel: string;
  /** With its values at the time of the reservation. */
  readonly plan: Plan;
  /** Number of sites that it holds capacity for. */
  readonly count: number;
  /** RFC 3339 */
  readonly createdAt: string;
  /** RFC 3339; after this it holds nothing. */
  readonly expiresAt: string;
  /** Services whose orders use it; at most `count`. */
  readonly takenBy: readonly ServiceKey[];
}

/** `now`: epoch ms. */
export function isHolding({ expiresAt }: Pick<Reservation, 'expiresAt'>, now: number): boolean {
  return now < Date.parse(expiresAt);
}
