/**
 * Runs calls of one request to the DNS server for the customers' zones. Checks that such a server is configured, and
 * limits the time.
 */
import { AgentError } from '../kernel/errors.js';
import { type DriverCall, plainCall } from '../drivers/shared/call.js';
import type { CustomerZones } from '../drivers/dns/contract.js';
import { withLimit } from '../kernel/async/with-limit.js';
import { neverAborted } from '../kernel/async/never.js';
import { orAbort } from '../kernel/async/race.js';
import type { OperationContext } from '../services/context.js';

export interface AtNameServer {
  readonly zones: CustomerZones;
  readonly call: DriverCall;
}

/** Time in milliseconds after which a change that still waits for its turn is not started any more. */
const BEGIN_MS = 12_000;
/** A panel gets a response within 20 s; a change in progress continues after the response. */
const ANSWER_MS = 18_000;

/** Throws `zones_unavailable`, `dns_timeout`, and what `work` throws. */
export async function atNameServer<T>(
  { config, drivers }: OperationContext,
  work: (server: AtNameServer) => Promise<T>,
): Promise<T> {
  const { zones } = drivers.dns;
  if (!zones || config.dns.name_servers.length === 0)
    throw new AgentError('zones_unavailable', 'This agent does not manage DNS zones for customers.');
  const begin = withLimit(neverAborted(), BEGIN_MS, (signal) => work({ zones, call: plainCall(signal) }));
  try {
    return await withLimit(neverAborted(), ANSWER_MS, (late) => orAbort(begin, late, () => tooLate()));
  } catch (error) {
    if (error instanceof AgentError && error.code === 'aborted') throw tooLate(error);
    throw error;
  }
}

function tooLate(cause?: unknown): AgentError {
  return new AgentError('dns_timeout', 'The DNS server timed out.', { role: 'DNS', cause });
}
