/** Which addresses a look-up may send packets to: whoever owns a domain chooses its name servers, and must not make us knock at our own network. */
import ipaddr from 'ipaddr.js';

/** @param labNetworks CIDRs or addresses that are private and may be asked all the same */
export function mayAsk(address: string, labNetworks: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() === 'unicast') return true;
  return labNetworks.some((network) => {
    const [range, bits] = network.includes('/')
      ? ipaddr.parseCIDR(network)
      : [ipaddr.process(network), ipaddr.process(network).kind() === 'ipv4' ? 32 : 128];
    return range.kind() === parsed.kind() && parsed.match(range, bits);
  });
}
