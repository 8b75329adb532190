/** Whether the effective CAA records of some names allow the certificate authority to issue. */
import { caaAllows, caaText } from '../model/caa.js';
import type { LookupCall, NameLookup } from '../drivers/lookup/contract.js';

/**
 * Returns a sentence if the records do not allow it. `identities` are the authority's names; if there are none, nothing
 * is checked here and the authority decides. Throws `lookup_failed`.
 */
export async function caaProblem(
  lookup: NameLookup,
  identities: readonly string[],
  names: readonly string[],
  call: LookupCall,
): Promise<string | undefined> {
  if (identities.length === 0) return undefined;
  for (const name of names) {
    const found = await lookup.authorities(name, call);
    if (!found || caaAllows(found.records, identities, 'http-01')) continue;
    return `The CAA records of ${found.at} must allow ${identities.join(' or ')} to issue certificates; found ${caaText(found.records)}.`;
  }
  return undefined;
}
