/** Capacity that is held for future orders, usually until their invoice is paid. */
import type { Plan } from './plan.js';
import type { ServiceKey } from './service.js';

export interface Reservation {
  readonly schema: 1;
  readonly id: string;
  readonly panel: string;
  /** The plan with the values that it had when the reservation was made. */
  readonly plan: Plan;
  /** Number of sites for which the reservation holds capacity. */
  readonly count: number;
  /** RFC 3339 */
  readonly createdAt: string;
  /** Expiry (RFC 3339). After this time the reservation no longer holds capacity. */
  readonly expiresAt: string;
  /** Services whose orders use the reservation; at most `count`. */
  readonly takenBy: readonly ServiceKey[];
}

/** `now`: epoch ms. */
export function isHolding({ expiresAt }: Pick<Reservation, 'expiresAt'>, now: number): boolean {
  return now < Date.parse(expiresAt);
}
