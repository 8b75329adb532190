/** What the flows of a hosted product ask of the product. */
import type { ProxyState } from '../../drivers/proxy/driver.js';
import type { ContainerSource, StepContext } from '../context.js';

export interface Hooks {
  /** Port in the container that the proxy leads to. */
  port(context: StepContext): number;
  source(context: StepContext): ContainerSource;
  /** Brings the running site to its URL of today. */
  setUrl(context: StepContext): Promise<void>;
  /** Brings the running site's administrator to the e-mail address of today. */
  setOwner(context: StepContext): Promise<void>;
}

/** Seconds that a shutdown may take before the plug is pulled. */
export const GRACE_S = 30;

/** What the service has become, seen from its visitors. */
export function frontState({ service }: StepContext): ProxyState {
  if (service.suspendedFor.length > 0) return 'suspended';
  return service.proxyEnabled ? 'enabled' : 'disabled';
}

/** The address that `setOwner` last made the administrator's, kept in the service's data. */
export const OWNER_SET = 'owner_email';

/** `setOwner` when a change of owner has not reached the site yet: it was stopped then. */
export async function setPendingOwner(context: StepContext, hooks: Hooks): Promise<void> {
  const { data, email, orderedEmail } = context.service;
  if ((data[OWNER_SET] ?? orderedEmail) !== email) await setNewOwner(context, hooks);
}

/** `setOwner` when the owner has changed since the site was made. */
export async function setNewOwner(context: StepContext, hooks: Hooks): Promise<void> {
  const known = context.service.data[OWNER_SET];
  if (known === undefined && context.service.email === context.service.orderedEmail) return;
  await hooks.setOwner(context);
  await context.saveData({ [OWNER_SET]: context.service.email });
}
