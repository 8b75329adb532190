/**
 * Configuration of customers' own domains: how they are looked up, which are refused, and where their certificates
 * come from.
 */
import { list, number, section, text } from './building-blocks.js';
import { blocksOf } from './driver-part.js';
import { isDomain } from './patterns.js';
import { ISSUERS } from '../drivers/issuer/registry.js';
import { lookupKeys } from '../drivers/lookup/resolver/config.js';

export const DomainsSchema = section("Customers' own domains.", {
  ...lookupKeys,
  blocked: list(
    'Domains that customers cannot use, including their subdomains.',
    text('A domain name.', { check: isDomain, expected: 'a domain name in lower case' }),
    { default: [] },
  ),
  quarantine_s: number(
    'Period after the removal of a domain during which other customers can add the domain only with ' +
      'proof of ownership in DNS.',
    0,
    31_536_000,
    { unit: 'seconds', default: 2_592_000 },
  ),
  stray_s: number(
    'How long a domain may point elsewhere before it is disabled. Domains are checked daily. A ' +
      'disabled domain is enabled again when it points to the service again.',
    0,
    31_536_000,
    { unit: 'seconds', default: 1_209_600 },
  ),
  ...blocksOf(ISSUERS),
});
