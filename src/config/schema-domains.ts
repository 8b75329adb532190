/**
 * Keys about the domains that customers bring: how they are looked up, which are refused, and where their
 * certificates come from.
 */
import { list, number, section, text } from './building-blocks.js';
import { blocksOf } from './driver-part.js';
import { isDomain } from './patterns.js';
import { ISSUERS } from '../drivers/issuer/registry.js';
import { lookupKeys } from '../drivers/lookup/resolver/config.js';

export const DomainsSchema = section('Domains that customers bring.', {
  ...lookupKeys,
  blocked: list(
    'Domains that no customer gets, nor anything below them.',
    text('A domain name.', { check: isDomain, expected: 'a domain name in lower case' }),
    { default: [] },
  ),
  quarantine_s: number(
    'How long a removed domain is kept from other customers who cannot prove it in DNS.',
    0,
    31_536_000,
    { unit: 'seconds', default: 2_592_000 },
  ),
  stray_s: number(
    'How long a domain may lead elsewhere before it is switched off; it is looked at daily, and switched on again when it is back.',
    0,
    31_536_000,
    { unit: 'seconds', default: 1_209_600 },
  ),
  ...blocksOf(ISSUERS),
});
