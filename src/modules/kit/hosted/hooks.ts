/** The functions of a hosted product that its flows call. */
import type { ProxyState } from '../../../model/proxy-state.js';
import type { StepContext } from '../context.js';
import type { ContainerSource, LoginLink, SecretRef } from '../host-call-types.js';
import { siteOf } from '../parts.js';

export interface Hooks {
  /** Port of the container to which the proxy forwards requests. */
  port(context: StepContext): number;
  source(context: StepContext): ContainerSource;
  /** Sets the URL and names of the running site to those in the service's record. */
  setUrl(context: StepContext): Promise<void>;
  /** Sets the e-mail address of the running site's administrator to the one in the service's record. */
  setOwner(context: StepContext): Promise<void>;
  /** Sets the password of the running site's first administrator. */
  setPassword(context: StepContext, password: SecretRef): Promise<void>;
  /** Prepares the running site so that this link logs in its first administrator. */
  loginLink(context: StepContext, link: LoginLink): Promise<void>;
}

/** Seconds that a shutdown may take before the container is stopped forcibly. */
export const GRACE_S = 30;

/** The proxy state that visitors should get now. */
export function frontState({ service }: StepContext): ProxyState {
  if (service.suspendedFor.length > 0) return 'suspended';
  return siteOf(service).proxyEnabled ? 'enabled' : 'disabled';
}

/**
 * Keys in the service's data: the owner's address that is set in the site, and whether it has been changed since the
 * installation.
 */
const OWNER = 'owner_email';
const CHANGED = 'owner_changed';

/** Records that the site was installed for the present owner. */
export function firstOwner(context: StepContext): Promise<void> {
  return context.saveData({ [OWNER]: context.service.email });
}

/**
 * Calls `setOwner` if the owner was changed while the site was stopped, so that the site does not have the new owner
 * yet.
 */
export async function setPendingOwner(context: StepContext, hooks: Hooks): Promise<void> {
  const { data, email } = context.service;
  if (data[OWNER] === email) return;
  await hooks.setOwner(context);
  await context.saveData({ [OWNER]: email, [CHANGED]: true });
}

/** Key in the service's data: the URL and names that are set in the site. */
const ADDRESS = 'site_address';

/** Calls `setUrl` if the URL and names that are set in the site are out of date. A service may have no site. */
export async function setPendingAddress(context: StepContext, hooks: Hooks): Promise<void> {
  if (context.service.site === null) return;
  const { data } = context.service;
  const { fqdn, url, names } = siteOf(context.service);
  const address = [url, ...names].join(' ');
  if ((data[ADDRESS] ?? `https://${fqdn} ${fqdn}`) === address) return;
  await hooks.setUrl(context);
  await context.saveData({ [ADDRESS]: address });
}

/** Sets the owner after a rollback, because the snapshot may contain the address of a former owner. */
export async function setOwnerAgain(context: StepContext, hooks: Hooks): Promise<void> {
  const { data, email } = context.service;
  if (data[OWNER] === email && data[CHANGED] === true) await hooks.setOwner(context);
  else await setPendingOwner(context, hooks);
}
