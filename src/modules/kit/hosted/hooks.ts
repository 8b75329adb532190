/** What the flows of a hosted product ask of the product. */
import type { ProxyState } from '../../../model/proxy-state.js';
import type { StepContext } from '../context.js';
import type { ContainerSource, LoginLink, SecretRef } from '../values.js';
import { siteOf } from '../parts.js';

export interface Hooks {
  /** Port in the container that the proxy leads to. */
  port(context: StepContext): number;
  source(context: StepContext): ContainerSource;
  /** Brings the running site to its URL and names of today. */
  setUrl(context: StepContext): Promise<void>;
  /** Brings the running site's administrator to the e-mail address of today. */
  setOwner(context: StepContext): Promise<void>;
  /** Gives the running site's first administrator this password. */
  setPassword(context: StepContext, password: SecretRef): Promise<void>;
  /** Makes the running site ready to log its first administrator in with this link. */
  loginLink(context: StepContext, link: LoginLink): Promise<void>;
}

/** Seconds that a shutdown may take before the plug is pulled. */
export const GRACE_S = 30;

/** What the service has become, seen from its visitors. */
export function frontState({ service }: StepContext): ProxyState {
  if (service.suspendedFor.length > 0) return 'suspended';
  return siteOf(service).proxyEnabled ? 'enabled' : 'disabled';
}

/**
 * What of the owner has reached the site, kept in the service's data: the address, and whether it is not the first
 * one.
 */
const OWNER = 'owner_email';
const CHANGED = 'owner_changed';

/** Called once the site was installed for the owner of now. */
export function firstOwner(context: StepContext): Promise<void> {
  return context.saveData({ [OWNER]: context.service.email });
}

/** `setOwner` when a change of owner has not reached the site yet: it was stopped then. */
export async function setPendingOwner(context: StepContext, hooks: Hooks): Promise<void> {
  const { data, email } = context.service;
  if (data[OWNER] === email) return;
  await hooks.setOwner(context);
  await context.saveData({ [OWNER]: email, [CHANGED]: true });
}

/** The site's URL and names as they last reached it, kept in the service's data. */
const ADDRESS = 'site_address';

/** `setUrl` when the site does not know its URL and names of today. */
export async function setPendingAddress(context: StepContext, hooks: Hooks): Promise<void> {
  const { data } = context.service;
  const { fqdn, url, names } = siteOf(context.service);
  const address = [url, ...names].join(' ');
  if ((data[ADDRESS] ?? `https://${fqdn} ${fqdn}`) === address) return;
  await hooks.setUrl(context);
  await context.saveData({ [ADDRESS]: address });
}

/** The same after a return to a snapshot, which may know a former owner. */
export async function setOwnerAgain(context: StepContext, hooks: Hooks): Promise<void> {
  const { data, email } = context.service;
  if (data[OWNER] === email && data[CHANGED] === true) await hooks.setOwner(context);
  else await setPendingOwner(context, hooks);
}
