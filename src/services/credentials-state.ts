/** Determines whether the administrator's password can still be read, without reading the password. */
import { ADMIN_PASSWORD, readableUntil } from '../model/credentials.js';
import type { Service } from '../model/service.js';

export const CREDENTIALS_STATES = ['not_yet', 'readable', 'acknowledged', 'gone'] as const;

export interface CredentialsState {
  readonly state: (typeof CREDENTIALS_STATES)[number];
  /** When the password expires (RFC 3339); only set while the password can be read. */
  readonly expires_at: string | null;
}

/** `now`: epoch ms. */
export function credentialsState(service: Service, now: number): CredentialsState {
  if (service.lifecycle === 'creating') return { state: 'not_yet', expires_at: null };
  if (service.credentialsAcknowledgedAt !== null) return { state: 'acknowledged', expires_at: null };
  const until = readableUntil(service);
  if (!service.secrets[ADMIN_PASSWORD] || now >= until) return { state: 'gone', expires_at: null };
  return { state: 'readable', expires_at: new Date(until).toISOString() };
}
