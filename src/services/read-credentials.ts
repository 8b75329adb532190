/** Returns the first administrator's name and password, until they are acknowledged or a week has passed. */
import { instant } from '../kernel/clock.js';
import { ADMIN_PASSWORD, ADMIN_USER, readableUntil, withoutPassword } from '../model/credentials.js';
import { AgentError } from '../kernel/errors.js';
import type { Service, ServiceKey } from '../model/service.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from './context.js';

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** RFC 3339 */
  readonly expiresAt: string;
  /** Null for a product without a site. */
  readonly url: string | null;
}

/**
 * Throws `service_not_found`, `service_busy` during the creation, `credentials_gone`. If `acknowledge` is set, the
 * credentials cannot be read again.
 */
export async function readCredentials(
  context: OperationContext,
  caller: Pick<Caller, 'panel'>,
  id: string,
  acknowledge: boolean,
): Promise<Credentials> {
  const key: ServiceKey = `${caller.panel}/${id}`;
  const service = await context.state.services.get(key);
  const found = credentialsOf(service, context.clock.now());
  if (!acknowledge) return found;
  const { result } = await context.state.services.change(key, (current) => {
    if (!current) throw gone();
    const now = instant(context.clock);
    return {
      value: { ...withoutPassword(current), credentialsAcknowledgedAt: now, updatedAt: now },
      result: credentialsOf(current, context.clock.now()),
    };
  });
  return result;
}

function credentialsOf(service: Service, now: number): Credentials {
  if (service.lifecycle === 'creating') {
    throw new AgentError(
      'service_busy',
      'The site is still being created; its credentials will be available afterwards.',
      {
        retryAfterS: 10,
      },
    );
  }
  const password = service.secrets[ADMIN_PASSWORD];
  const username = service.data[ADMIN_USER];
  const expires = readableUntil(service);
  if (
    !password ||
    typeof username !== 'string' ||
    service.credentialsAcknowledgedAt !== null ||
    now >= expires
  ) {
    throw gone();
  }
  return {
    username,
    password: password.reveal(),
    expiresAt: new Date(expires).toISOString(),
    url: service.site ? `https://${service.site.fqdn}` : null,
  };
}

const gone = (): AgentError =>
  new AgentError(
    'credentials_gone',
    'The credentials were acknowledged or have expired; reset them to get new ones.',
  );
