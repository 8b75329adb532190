/** The administrator's name and password that the agent has set, and for how long they can be read. */
import type { Service } from './service.js';

/** Keys under which products store the credentials: the name in the service's data, the password among its secrets. */
export const ADMIN_USER = 'admin_user';
export const ADMIN_PASSWORD = 'admin_password';
/**
 * Key of a new password while it is being set in the site. When the site has the new password, it replaces the stored
 * password.
 */
export const NEXT_PASSWORD = 'admin_password_next';
/** Key in the service's data for the time of the last password reset (RFC 3339). */
const RESET_AT = 'admin_password_at';

const READABLE_MS = 7 * 86_400_000;

type Kept = Pick<Service, 'secrets' | 'data' | 'activeAt' | 'createdAt'>;

/** Epoch ms until which the password can be read if it is not acknowledged. */
export function readableUntil({ data, activeAt, createdAt }: Omit<Kept, 'secrets'>): number {
  const reset = data[RESET_AT];
  return Date.parse(typeof reset === 'string' ? reset : (activeAt ?? createdAt)) + READABLE_MS;
}

/**
 * The time at which the password will be erased (RFC 3339). Null if there is no password, or if the service is still
 * being created.
 */
export function erasedAt(service: Kept & Pick<Service, 'lifecycle'>): string | null {
  if (service.lifecycle === 'creating' || !service.secrets[ADMIN_PASSWORD]) return null;
  return new Date(readableUntil(service)).toISOString();
}

export function withoutPassword(service: Service): Service {
  return { ...service, secrets: without(service.secrets, ADMIN_PASSWORD) };
}

/** The service after its site has received the new password. */
export function passwordSet(service: Service, now: string): Service {
  const next = service.secrets[NEXT_PASSWORD];
  if (!next) return service;
  return {
    ...service,
    secrets: { ...without(service.secrets, NEXT_PASSWORD), [ADMIN_PASSWORD]: next },
    data: { ...service.data, [RESET_AT]: now },
    credentialsAcknowledgedAt: null,
  };
}

/**
 * The service if it is certain that the site did not get the new password. The next reset generates another password.
 */
export function passwordNotSet(service: Service): Service {
  return { ...service, secrets: without(service.secrets, NEXT_PASSWORD) };
}

/**
 * The service when it is unknown whether the site has the new password. No password is shown, because it could be the
 * wrong one.
 */
export function passwordInDoubt(service: Service): Service {
  return service.secrets[NEXT_PASSWORD] ? withoutPassword(passwordNotSet(service)) : service;
}

/** After a rollback to a snapshot from before the last reset, the site has an older password than the record. */
export function afterReturn(service: Service, snapshot: string): Service {
  const reset = service.data[RESET_AT];
  const taken = service.guest?.snapshots.find(({ name }) => name === snapshot)?.createdAt;
  const isOlder = typeof reset === 'string' && taken !== undefined && taken < reset;
  return isOlder ? withoutPassword(service) : service;
}

function without(secrets: Service['secrets'], name: string): Service['secrets'] {
  return Object.fromEntries(Object.entries(secrets).filter(([other]) => other !== name));
}
