/**
 * Keys about the domains that customers bring: how they are looked up, which are refused, and where their
 * certificates come from.
 */
import { block, flag, list, number, optional, path, section, text } from './building-blocks.js';
import { isAddress, isDomain, isNetwork, isUrl, NETWORK_EXPECTED } from './patterns.js';

const RESOLVER_EXPECTED = 'an address, or an address and port like 192.0.2.53:53 or [2001:db8::53]:53';
const DOMAIN_EXPECTED = 'a domain name in lower case';

export function isResolver(value: string): boolean {
  if (isAddress(value)) return true;
  const [, six, four, port] = /^(?:\[(.+)\]|([^:]+)):(\d{1,5})$/.exec(value) ?? [];
  return isAddress(six ?? four ?? '') && Number(port) >= 1 && Number(port) <= 65_535;
}

const domainName = text('A domain name.', { check: isDomain, expected: DOMAIN_EXPECTED });

const AcmeSchema = section('Certificates by ACME with HTTP-01.', {
  enabled: flag("Whether certificates are ordered; switching it on accepts the authority's terms.", {
    default: false,
  }),
  directory_url: text("The authority's ACME directory.", {
    pattern: '^https://[^@#\\s]+$',
    expected: 'a URL like https://acme-v02.api.letsencrypt.org/directory',
    check: isUrl,
    default: 'https://acme-v02.api.letsencrypt.org/directory',
  }),
  email: optional(
    text('Where the authority writes to; empty = nowhere.', {
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
    "The authority's names in CAA records; empty = CAA is left to the authority.",
    domainName,
    { default: ['letsencrypt.org'] },
  ),
  certificates_per_domain_week: number('Certificates ordered per registered domain in a week.', 1, 10_000, {
    default: 40,
  }),
  certificates_per_set_week: number('Certificates ordered for the same names in a week.', 1, 1000, {
    default: 4,
  }),
  refusals_per_name_hour: number('Failed verifications of one name in an hour before we wait.', 1, 1000, {
    default: 4,
  }),
  timeout_s: number('How long one order may take.', 10, 3600, { unit: 'seconds', default: 180 }),
});

export const DomainsSchema = section('Domains that customers bring.', {
  resolvers: list(
    "Resolvers that tell where a domain's name servers are; empty = the system's.",
    text('A resolver.', { expected: RESOLVER_EXPECTED, check: isResolver }),
    { default: [] },
  ),
  dns_port: number('Port that name servers are asked at; another one only makes sense in a lab.', 1, 65_535, {
    default: 53,
  }),
  http_port: number(
    'Port that names are asked at over HTTP, to see whether a CDN hands on to us; a lab may have another one.',
    1,
    65_535,
    {
      default: 80,
    },
  ),
  https_port: number('The same for a redirect to HTTPS.', 1, 65_535, { default: 443 }),
  lookup_timeout_s: number('How long the checks of one domain may take.', 1, 15, {
    unit: 'seconds',
    default: 8,
  }),
  lab_networks: list(
    'Private networks in which name servers may be asked all the same, for a lab; none is sent a packet otherwise.',
    text('A network.', { expected: NETWORK_EXPECTED, check: isNetwork }),
    { default: [] },
  ),
  blocked: list('Domains that no customer gets, nor anything below them.', domainName, { default: [] }),
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
  acme: AcmeSchema,
  local_ca: optional(
    block('A CA on this machine that issues when ACME is off, for a lab.', {
      certificate_file: path('Its certificate: PEM file.', 'certificates'),
      key_file: path('Its private key: PEM file (PKCS #8, EC P-256).', 'private file'),
    }),
  ),
});

export const nameServersKey = list(
  "Names of our name servers; a customer's zone is made only when its name servers are these; empty = no zones.",
  text('A name.', { check: isDomain, expected: DOMAIN_EXPECTED }),
  { default: [] },
);
