/**
 * Checks whether visitors of a name reach this agent's proxy. Either the name has the proxy's addresses, or it has the
 * addresses of an intermediary, such as a CDN, that forwards requests to the proxy.
 */
import { randomBytes } from 'node:crypto';
import { canonicalAddress } from '../model/address-pool.js';
import { AgentError } from '../kernel/errors.js';
import { plainCall } from '../drivers/shared/call.js';
import type { ProxyDriver } from '../drivers/proxy/contract.js';
import { withLimit } from '../kernel/async/with-limit.js';
import { neverAborted } from '../kernel/async/never.js';
import type { HttpProbe, LookupCall, NameLookup } from '../drivers/lookup/contract.js';
import { type AddressCheck, checkAddresses } from './address-check.js';

export interface PointsHereDrivers {
  readonly lookup: Pick<NameLookup, 'addresses' | 'knock'>;
  readonly proxy: Pick<ProxyDriver, 'ensureChallenge' | 'removeChallenge'>;
}

const KNOCK_MS = 4_000;

/**
 * The name may also redirect visitors to one of `alsoNames`. Throws `lookup_failed` when the name servers do not
 * answer.
 */
export async function pointsHere(
  drivers: PointsHereDrivers,
  name: string,
  alsoNames: readonly string[],
  publicIps: readonly string[],
  call: LookupCall,
): Promise<AddressCheck> {
  const routing = await checkAddresses(drivers.lookup, name, publicIps, call);
  if (routing.here || !routing.leadsSomewhere) return routing;
  const except = publicIps.map((ip) => canonicalAddress(ip) ?? ip);
  return { ...routing, here: await handsOn(drivers, { name, alsoNames, except }, call) };
}

/**
 * Sends a request to every address of the name and checks that each response is a token that only the agent's proxy
 * knows. If a request fails, the result is false.
 */
async function handsOn(
  { lookup, proxy }: PointsHereDrivers,
  asked: Omit<HttpProbe, 'path'>,
  { signal }: LookupCall,
): Promise<boolean> {
  const [token, word] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const path = `/.well-known/acme-challenge/${token}`;
  try {
    return await withLimit(signal, KNOCK_MS, async (limit) => {
      await proxy.ensureChallenge(token, word, plainCall(limit));
      const answers = await lookup.knock({ ...asked, path }, { signal: limit });
      return answers.length > 0 && answers.every((answer) => answer?.trim() === word);
    });
  } catch (error) {
    if (signal.aborted || !(error instanceof AgentError)) throw error;
    return false;
  } finally {
    await proxy.removeChallenge(token, plainCall(neverAborted())).catch(() => {});
  }
}
