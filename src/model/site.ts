/** A service's site: the names it is served at. A service has one when its product says so (`Product.parts`). */

export const PROOFS = ['routing', 'txt'] as const;
export const CERTIFICATE_STATES = ['none', 'pending', 'issued', 'failed'] as const;

/** A name of the customer's own that leads to the site. */
export interface CustomDomain {
  /** Lower-case A-label, without `www.` when it is an apex that also answers for its `www`. */
  readonly domain: string;
  /** Whether `www.<domain>` is served too (one slot of the quota). */
  readonly www: boolean;
  /** How it was shown to be the customer's. */
  readonly provenBy: (typeof PROOFS)[number];
  readonly certificate: {
    readonly state: (typeof CERTIFICATE_STATES)[number];
    /** RFC 3339, or null. */
    readonly expiresAt: string | null;
    /** Sentences for the customer: why there is none, or why it leaves a name out; else null. */
    readonly problem: string | null;
    /** What it is good for; absent in documents of older releases, and before one was first asked for. */
    readonly names?: readonly string[];
  };
  readonly addedAt: string;
  /**
   * Set while it leads elsewhere: since when (RFC 3339), what was found, and whether it is no longer served because
   * of that.
   */
  readonly stray?: { readonly since: string; readonly problem: string; readonly off: boolean };
}

/** A domain that came with the order: it is added as soon as it leads here. */
export interface RequestedDomain {
  readonly name: string;
  /** Not tried before (RFC 3339). */
  readonly nextAt: string;
  /** Given up then (RFC 3339). */
  readonly until: string;
  readonly tries: number;
  /** Why it was not added yet, for the customer; null before the first try. */
  readonly problem: string | null;
}

export interface Site {
  readonly subdomain: string;
  readonly fqdn: string;
  readonly domains: readonly CustomDomain[];
  readonly domainWish?: RequestedDomain;
  /** The site's own URL: `fqdn` or one of the domains' names. */
  readonly primaryDomain: string;
  /** False after the customer switched the proxy hosts off. */
  readonly proxyEnabled: boolean;
}

/** None when the service has no site. */
export function domainsOf({ site }: { readonly site: Site | null }): readonly CustomDomain[] {
  return site?.domains ?? [];
}
