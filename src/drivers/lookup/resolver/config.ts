/** The keys of `domains` for looking up the names of customers. */
import { list, number, type Static, text } from '../../../config/building-blocks.js';
import type { Loaded } from '../../../config/loaded.js';
import { isAddress, isNetwork, NETWORK_EXPECTED } from '../../../config/patterns.js';

const RESOLVER_EXPECTED = 'an address, or an address and port like 192.0.2.53:53 or [2001:db8::53]:53';

function isResolver(value: string): boolean {
  if (isAddress(value)) return true;
  const [, six, four, port] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(value) ?? [];
  return isAddress(six ?? four ?? '') && Number(port) >= 1 && Number(port) <= 65_535;
}

export const lookupKeys = {
  resolvers: list(
    "Resolvers that find a domain's name servers; empty = the system's.",
    text('A resolver.', { expected: RESOLVER_EXPECTED, check: isResolver }),
    { default: [] },
  ),
  dns_port: number('Port of the name servers; change it only in a lab.', 1, 65_535, {
    default: 53,
  }),
  http_port: number(
    'Port for HTTP requests that check whether a CDN forwards to the proxy; change it only in a lab.',
    1,
    65_535,
    {
      default: 80,
    },
  ),
  https_port: number(
    'Port for HTTPS requests that check a CDN after a redirect to HTTPS; change it only in a lab.',
    1,
    65_535,
    { default: 443 },
  ),
  lookup_timeout_s: number('Timeout for the checks of one domain.', 1, 15, {
    unit: 'seconds',
    default: 8,
  }),
  lab_networks: list(
    'For a lab: private networks in which name servers may be queried. The agent sends no packets ' +
      'to any other private address.',
    text('A network.', { expected: NETWORK_EXPECTED, check: isNetwork }),
    { default: [] },
  ),
  closed_networks: list(
    'Networks with public addresses that the agent never contacts on behalf of a customer, such as ' +
      'your own NAT64 prefix that leads into private networks.',
    text('A network.', { expected: NETWORK_EXPECTED, check: isNetwork }),
    { default: [] },
  ),
};

type Keys = typeof lookupKeys;
export type LookupConfig = { [K in keyof Keys]: Loaded<Static<Keys[K]>> };
