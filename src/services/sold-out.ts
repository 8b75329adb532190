/** Says why a plan cannot be delivered at the moment: its addresses, the VMIDs or servers are used up. */
import { holdsBefore } from '../jobs/effects/held-units.js';
import { freePlaces, serverRequestOf } from '../jobs/effects/server-choice.js';
import { freeSupplies, heldSupply } from '../jobs/effects/supply.js';
import type { Plan } from '../model/plan.js';
import type { OperationContext } from './context.js';
import { productOf } from './plan-list.js';

type SupplyContext = Pick<OperationContext, 'config' | 'state' | 'clock' | 'watch' | 'products'>;

/**
 * Counts the supply once, and returns a function that gives a sentence for customers, or null if something is left. It
 * does not consider the capacity of the nodes, which `GET /capacity` reports.
 */
export function soldOut(context: SupplyContext): (plan: Plan) => string | null {
  const { config, state, clock, watch, products } = context;
  const { services, reservations } = state;
  const free = freeSupplies({ config, services, watch });
  const holds = holdsBefore({ services, reservations, clock }, { key: null, createdAt: null }, 'supply');
  return (plan) => {
    const product = products.find(productOf(plan, config));
    if (product?.declared.servers) {
      const wanted = serverRequestOf(product.info.name, plan);
      const isFull = freePlaces({ ...state, clock }, wanted) === 0;
      return isFull ? 'No server has room for another service of this plan.' : null;
    }
    if (!product?.declared.parts.includes('guest')) return null;
    const left = free(plan);
    const held = heldSupply(context, holds, plan);
    if (left.addresses <= held.addresses) return 'No address is left for another service of this plan.';
    return left.vmids <= held.vmids ? 'No VMID is left for another service.' : null;
  };
}
