/** Capacity that is held for orders to come, until an invoice is paid. */
import type { Plan } from './plan.js';
import type { ServiceKey } from './service.js';

export interface Reservation {
  readonly schema: 1;
  readonly id: string;
  readonly panel: string;
  /** With the values that it was made with. */
  readonly plan: Plan;
  /** How many sites it is for. */
  readonly count: number;
  /** RFC 3339 */
  readonly createdAt: string;
  /** RFC 3339; from then on it holds nothing. */
  readonly expiresAt: string;
  /** Services whose orders have named it; at most `count`. */
  readonly takenBy: readonly ServiceKey[];
}

/** `now`: epoch ms. */
export function isHolding({ expiresAt }: Pick<Reservation, 'expiresAt'>, now: number): boolean {
  return now < Date.parse(expiresAt);
}
