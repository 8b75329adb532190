/**
 * Checks whether a name points to the service. The name points to the service only if every address that public DNS
 * returns for it is an address of the service.
 */
import { canonicalAddress } from '../model/address-pool.js';
import { listOf } from '../kernel/text.js';
import type { LookupCall, NameLookup } from '../drivers/lookup/contract.js';

export interface AddressCheck {
  readonly here: boolean;
  /** Whether the name has any address. */
  readonly leadsSomewhere: boolean;
  /** The addresses as text for people: `203.0.113.10`, `198.51.100.9 and 2001:db8::1`, `no address`. */
  readonly found: string;
  readonly expected: string;
}

/** Looks up the addresses of the name and compares them with `publicIps`. Throws `lookup_failed`. */
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
