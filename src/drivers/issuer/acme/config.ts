/** The keys of `domains.acme`. */
import {
  flag,
  list,
  number,
  optional,
  path,
  section,
  type Static,
  text,
} from '../../../config/building-blocks.js';
import type { IssuerPart } from '../part.js';
import type { Loaded } from '../../../config/loaded.js';
import { isDomain, isUrl } from '../../../config/patterns.js';

const keys = section('Certificates from an ACME authority with HTTP-01.', {
  enabled: flag("Whether certificates are ordered. Enabling this accepts the authority's terms of service.", {
    default: false,
  }),
  directory_url: text("URL of the authority's ACME directory.", {
    pattern: '^https://[^@#\\s]+$',
    expected: 'a URL like https://acme-v02.api.letsencrypt.org/directory',
    check: isUrl,
    default: 'https://acme-v02.api.letsencrypt.org/directory',
  }),
  email: optional(
    text('Contact address for the authority; empty = none.', {
      pattern: '^[^\\s@]+@[^\\s@]+$',
      expected: 'an e-mail address',
    }),
  ),
  ca_file: optional(
    path(
      "PEM file of the CA that signed the directory's own certificate; empty = the system's CAs.",
      'certificates',
    ),
  ),
  caa_identities: list(
    "The authority's names in CAA records; empty = the agent does not check CAA.",
    text('A domain name.', { check: isDomain, expected: 'a domain name in lower case' }),
    { default: ['letsencrypt.org'] },
  ),
  certificates_per_domain_week: number(
    'Maximum number of certificates per registered domain per week.',
    1,
    10_000,
    {
      default: 40,
    },
  ),
  certificates_per_set_week: number(
    'Maximum number of certificates for the same set of names per week.',
    1,
    1000,
    {
      default: 4,
    },
  ),
  refusals_per_name_hour: number('Maximum number of failed verifications of one name per hour.', 1, 1000, {
    default: 4,
  }),
  timeout_s: number('Timeout of one order.', 10, 3600, { unit: 'seconds', default: 180 }),
});

export type AcmeConfig = Loaded<Static<typeof keys>>;

/** The part of the configuration that this driver reads. */
export interface AcmeSettings {
  readonly domains: { readonly acme: AcmeConfig };
}

export const acme = {
  keys,
  checks: [],
  hosts: () => [],
  isOn: ({ domains }: AcmeSettings) => domains.acme.enabled,
} satisfies IssuerPart;
