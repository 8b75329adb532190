/**
 * Which addresses a look-up may send packets to: the owner of a domain chooses its name servers, and must not make us
 * knock at our own network.
 */
import ipaddr from 'ipaddr.js';

const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/** @param labNetworks CIDRs or addresses that are private and may be asked all the same */
export function mayAsk(address: string, labNetworks: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() === 'unicast' && isGiven(parsed)) return true;
  return labNetworks.some((network) => {
    const [range, bits] = network.includes('/')
      ? ipaddr.parseCIDR(network)
      : [ipaddr.process(network), ipaddr.process(network).kind() === 'ipv4' ? 32 : 128];
    return range.kind() === parsed.kind() && parsed.match(range, bits);
  });
}

/**
 * What is given out to be routed at all: IPv6 beyond it may wrap an IPv4 address (`::10.0.0.1`) or be anything
 * tomorrow.
 */
function isGiven(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return address.kind() === 'ipv4' || address.match(GLOBAL_IPV6);
}
