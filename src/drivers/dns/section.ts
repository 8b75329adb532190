/** The section `dns` of the configuration. */
import { list, number, section, text } from '../../config/building-blocks.js';
import { alternatives, blocksOf, driverKey } from '../../config/driver-part.js';
import { isDomain } from '../../config/patterns.js';
import { DNS_DRIVERS } from './registry.js';

export const DnsSchema = section('DNS records of the sites.', {
  driver: driverKey(alternatives(DNS_DRIVERS), DNS_DRIVERS),
  ttl_s: number('Time to live of records.', 1, 604_800, { unit: 'seconds', default: 300 }),
  name_servers: list(
    "Names of the name servers that customers' zones are delegated to; empty = no zones.",
    text('A name.', { check: isDomain, expected: 'a domain name in lower case' }),
    { default: [] },
  ),
  ...blocksOf(DNS_DRIVERS),
});
