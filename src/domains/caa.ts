/**
 * Checks whether the CAA records that apply to some names allow the certificate authority to issue certificates for
 * them.
 */
import { caaAllows, caaText } from '../model/caa.js';
import type { LookupCall, NameLookup } from '../drivers/lookup/contract.js';

/**
 * Returns a sentence if the records do not allow a certificate. `identities` are the names of the authority that CAA
 * records can contain. If the list is empty, nothing is checked here, and the authority's own check decides. Throws
 * `lookup_failed`.
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
