/**
 * Chooses the product that runs a job of a service: the installed product or, if it is not installed, the agent's own
 * flows.
 */
import { AgentError } from '../kernel/errors.js';
import { isCoreKind, kindData, type KindName } from '../model/job-kinds.js';
import type { Service } from '../model/service.js';
import type { ProductCatalogue, SoldProduct } from './context.js';

/**
 * Throws `not_supported` when the product has no flow for the job, and `unknown_module` when the product cannot be used
 * and the agent itself has no such flow.
 */
export function productFor(products: ProductCatalogue, service: Service, method: KindName): SoldProduct {
  const product = products.find(service.module.name);
  const { agentCan } = kindData(method);
  if (!product) return (agentCan && withoutModule(service, method)) || products.get(service.module.name);
  if (!agentCan && isCoreKind(method)) refuseWithout(product, method);
  return product;
}

/** Throws `not_supported`. */
export function refuseWithout(product: SoldProduct, method: KindName): void {
  if (product.declared.abilities.includes(method)) return;
  throw new AgentError('not_supported', 'The product of this service does not support this.', {
    detail: `the module product/${product.info.name} ${product.info.version} has no flow for "${method}"`,
  });
}

/**
 * The agent's own flows, for a service whose module is no longer installed. They can suspend, resume and remove a
 * service that has a container. They cannot handle a service without a container, because only its module knows what
 * such a service consists of.
 */
function withoutModule({ module, guest, site, jobs }: Service, method: KindName): SoldProduct | undefined {
  const pinned = jobs.at(-1)?.pinned;
  if (!guest || !pinned) return undefined;
  const { timeoutS } = kindData(method);
  return {
    info: { name: module.name, title: module.name, version: pinned.module.version },
    settings: pinned.settings,
    declared: {
      parts: site ? ['guest', 'site'] : ['guest'],
      abilities: [method],
      policies: timeoutS === null ? {} : { [method]: { timeoutS } },
      source: null,
      loginPath: null,
      ownerEmail: null,
      productData: null,
      serviceData: null,
      checks: [],
      actions: [],
      servers: null,
    },
  };
}
