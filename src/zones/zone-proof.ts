/**
 * Checks whether a customer may create a zone. The zone must be delegated to our name servers, or a TXT record at its
 * current name servers must prove ownership. The TXT record is accepted because some registries delegate only to
 * servers that already respond for the zone.
 */
import { createHash } from 'node:crypto';
import { withLimit } from '../kernel/async/with-limit.js';
import { AgentError } from '../kernel/errors.js';
import { listOf } from '../kernel/text.js';
import { challengeName } from '../domains/prove-domain.js';
import type { ZoneOwner } from '../domains/zone-claims.js';
import type { OperationContext } from '../services/context.js';
import type { LookupCall } from '../drivers/lookup/contract.js';

type Context = Pick<OperationContext, 'config' | 'drivers'>;

const VALUE_LENGTH = 32;

/**
 * The required value of the TXT record. The value differs for every user and zone, and stays the same for the same user
 * and zone. The value does not need to be secret, because only the owner of the zone can publish it.
 */
export function zoneChallenge({ config }: Context, { panel, userId }: ZoneOwner, zone: string): string {
  const words = ['zone', config.agent.id, panel, userId, zone];
  return createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, VALUE_LENGTH);
}

/**
 * Resolves to true if the zone is already delegated to us. Throws `zone_not_here`, whose message says what is missing,
 * and `lookup_failed`.
 */
export async function proveZone(
  context: Context,
  owner: ZoneOwner,
  zone: string,
  call: LookupCall,
): Promise<boolean> {
  const ours = nameServersOf(context);
  const found = await context.drivers.lookup.nameServers(zone, call);
  if (isOurs(found, ours)) return true;
  const value = zoneChallenge(context, owner, zone);
  if (found.length > 0 && (await hasText(context, challengeName(zone), value, call))) return false;
  const record = `a TXT record ${challengeName(zone)} with the value ${value} at its current name servers`;
  const proof = found.length > 0 ? `Prove that ${zone} is yours with ${record}, or delegate it:` : '';
  throw new AgentError(
    'zone_not_here',
    `${proof}${zone} must have the name servers ${listOf(ours)}, but has ${found.length === 0 ? 'none' : listOf(found)}.`,
  );
}

/** The zones that are delegated to us. A zone that cannot be looked up in time is treated as not delegated. */
export async function delegatedOf(
  context: Context,
  zones: readonly string[],
  { signal }: LookupCall,
): Promise<ReadonlySet<string>> {
  const ours = nameServersOf(context);
  const delegated = new Set<string>();
  await withLimit(signal, LOOK_MS, (limit) =>
    Promise.allSettled(
      zones.map(async (zone) => {
        if (isOurs(await context.drivers.lookup.nameServers(zone, { signal: limit }), ours))
          delegated.add(zone);
      }),
    ),
  );
  return delegated;
}

/** Time limit of the lookups, because a panel waits for this list. */
const LOOK_MS = 3_000;

function nameServersOf({ config }: Context): string[] {
  return config.dns.name_servers.map((host) => host.toLowerCase().replace(/\.$/, ''));
}

function isOurs(found: readonly string[], ours: readonly string[]): boolean {
  return found.length > 0 && found.every((host) => ours.includes(host));
}

async function hasText(
  { drivers }: Context,
  name: string,
  value: string,
  call: LookupCall,
): Promise<boolean> {
  try {
    return (await drivers.lookup.texts(name, call)).some((text) => text.trim() === value);
  } catch (error) {
    if (error instanceof AgentError && error.code === 'lookup_failed') return false;
    throw error;
  }
}
