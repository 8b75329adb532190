/** Whether visitors of a name come to us: every address that the world gets for it must be one of the service's. */
import { canonicalAddress } from '../model/address-pool.js';
import { listOf } from '../kernel/text.js';
import type { LookupCall, NameLookup } from '../drivers/lookup/contract.js';

export interface AddressCheck {
  readonly here: boolean;
  /** It has an address at all. */
  readonly leadsSomewhere: boolean;
  /** For people: `203.0.113.10`, `198.51.100.9 and 2001:db8::1`, `nothing`. */
  readonly found: string;
  readonly expected: string;
}

/** Throws `lookup_failed`. */
export async function checkAddresses(
  lookup: Pick<NameLookup, 'addresses'>,
  name: string,
  publicIps: readonly string[],
  call: LookupCall,
): Promise<AddressCheck> {
  const ours = publicIps.map((ip) => canonicalAddress(ip) ?? ip);
  const { addresses, aliases } = await lookup.addresses(name, call);
  const through = aliases.length > 0 ? ` (through ${listOf(aliases)})` : '';
  return {
    leadsSomewhere: addresses.length > 0,
    here: addresses.length > 0 && addresses.every((address) => ours.includes(address)),
    found: addresses.length === 0 ? `no address${through}` : `${listOf(addresses)}${through}`,
    expected: listOf(ours, 'or'),
  };
}
