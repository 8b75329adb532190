/**
 * Chooses a site's name below the base domain. The name is derived from the local part of the e-mail address, and it is
 * neither reserved nor in use.
 */

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const LONGEST_BASE = 40;
const MOST_SUFFIXES = 100_000;

/**
 * Reserved names: they have a conventional meaning below a domain, or would let a customer impersonate the operator.
 */
const RESERVED: ReadonlySet<string> = new Set(
  `www www1 www2 web mail email smtp imap pop pop3 mx mta relay webmail autoconfig autodiscover dns ns ntp ftp sftp ssh vpn
  admin administrator root hostmaster postmaster webmaster abuse security noc support help billing account accounts login
  auth sso oauth api cdn static assets media img images status monitor metrics grafana panel cpanel whm plesk portal client
  clients dashboard control proxy gateway router localhost local internal pve proxmox host node server db database mysql
  backup backups test staging dev demo git registry innkeeper wpad isatap acme-challenge dmarc domainkey`
    .split(/\s+/)
    .filter((word) => word !== ''),
);
/** Default of `create.reserved_names`; the operator may allow these names. */
export const RESERVED_BY_DEFAULT: readonly string[] = ['app', 'noreply'];
const INFRASTRUCTURE = /^(?:ns|mx|dns|mail|smtp|pve|node|host|srv|server|web|db|vpn|gw)-?\d+$/;

export function isLegalLabel(label: string): boolean {
  // "--" as the third and fourth characters is reserved for A-labels and their successors (RFC 5891)
  return LABEL.test(label) && label.slice(2, 4) !== '--';
}

/** `extra`: the operator's own reserved names, in lower case. */
export function isReserved(label: string, extra: ReadonlySet<string>): boolean {
  return RESERVED.has(label) || INFRASTRUCTURE.test(label) || extra.has(label);
}

/**
 * Converts a text to at most 40 letters, digits and single hyphens. The result is empty if the text contains no usable
 * characters.
 */
export function labelFrom(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[.+_=~\s-]+/g, '-')
    .replace(/[^a-z0-9-]/g, '')
    .replace(/-{2,}/g, '-')
    .replace(/^-+/, '')
    .slice(0, LONGEST_BASE)
    .replace(/-+$/, '');
}

/**
 * Names to try, best first: `anna`, `anna-2`, `anna-3` ... and, if the local part contains no usable characters,
 * `site-<id>`, `site-<id>-2` ...
 */
function* candidates(localPart: string, serviceId: string, extra: ReadonlySet<string>): Generator<string> {
  const requested = labelFrom(localPart);
  const fallback = labelFrom(`site-${serviceId}`);
  const base = requested === '' || isReserved(requested, extra) ? fallback : requested;
  yield base;
  for (let suffix = 2; suffix <= MOST_SUFFIXES; suffix += 1) yield `${base}-${suffix}`;
}

export interface NameRequest {
  readonly localPart: string;
  readonly serviceId: string;
  readonly reserved: ReadonlySet<string>;
}

/** The first name that is free, or undefined when even a hundred thousand suffixes are in use. */
export function chooseSubdomain(
  request: NameRequest,
  isTaken: (label: string) => boolean,
): string | undefined {
  for (const label of candidates(request.localPart, request.serviceId, request.reserved)) {
    if (!isReserved(label, request.reserved) && !isTaken(label)) return label;
  }
  return undefined;
}
