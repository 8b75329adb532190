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
    'How long other customers cannot add a removed domain unless they prove ownership in DNS.',
    0,
    31_536_000,
    { unit: 'seconds', default: 2_592_000 },
  ),
  stray_s: number(
    'How long a domain may point elsewhere before it is disabled. ' +
      'Domains are checked daily, and enabled again when they point back.',
    0,
    31_536_000,
    { unit: 'seconds', default: 1_209_600 },
  ),
  ...blocksOf(ISSUERS),
});
