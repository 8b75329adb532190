/**
 * Determines to which addresses a lookup is allowed to send packets. The owner of a domain chooses the domain's name
 * servers, and must not be able to make the agent send packets into the operator's own network.
 */
import ipaddr from 'ipaddr.js';

const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/** The networks, as CIDRs or addresses. `closed_networks` takes precedence. */
export interface Reachable {
  /** Private networks to which lookups are allowed to send packets nevertheless. */
  readonly lab_networks: readonly string[];
  /** Networks with public addresses to which lookups must not send packets. */
  readonly closed_networks: readonly string[];
}

export function mayAsk(address: string, { lab_networks: lab, closed_networks: closed }: Reachable): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (isIn(parsed, closed)) return false;
  return (parsed.range() === 'unicast' && isGiven(parsed)) || isIn(parsed, lab);
}

function isIn(address: ipaddr.IPv4 | ipaddr.IPv6, networks: readonly string[]): boolean {
  return networks.some((network) => {
    const [range, bits] = network.includes('/')
      ? ipaddr.parseCIDR(network)
      : [ipaddr.process(network), ipaddr.process(network).kind() === 'ipv4' ? 32 : 128];
    return range.kind() === address.kind() && address.match(range, bits);
  });
}

/**
 * Returns whether the address belongs to the part of the IPv6 address space that is allocated for global routing.
 * Other IPv6 addresses may contain an IPv4 address (`::10.0.0.1`), or may get a different meaning in the future.
 */
function isGiven(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return address.kind() === 'ipv4' || address.match(GLOBAL_IPV6);
}
