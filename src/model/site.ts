/**
 * A service's site is the set of names at which the service is served. A service has a site if its product declares one
 * (`Product.parts`).
 */

export const PROOFS = ['routing', 'txt'] as const;
export const CERTIFICATE_STATES = ['none', 'pending', 'issued', 'failed'] as const;

/** A customer's own name that points to the site. */
export interface CustomDomain {
  /** The domain in lower-case A-labels. An apex that includes its `www` is written without `www.`. */
  readonly domain: string;
  /** Whether `www.<domain>` is served too (one slot of the quota). */
  readonly www: boolean;
  /** How the customer proved ownership of the domain. */
  readonly provenBy: (typeof PROOFS)[number];
  readonly certificate: {
    readonly state: (typeof CERTIFICATE_STATES)[number];
    /** RFC 3339, or null. */
    readonly expiresAt: string | null;
    /**
     * Sentences for the customer that explain why there is no certificate, or why the certificate does not cover a
     * name; else null.
     */
    readonly problem: string | null;
    /**
     * Names that the certificate covers. Absent before the first certificate is ordered, and in documents of older
     * releases.
     */
    readonly names?: readonly string[];
  };
  readonly addedAt: string;
  /**
   * Set while the domain points elsewhere. `since`: when the agent first noticed this (RFC 3339). `problem`: where the
   * domain points instead. `off`: true once the agent has stopped serving the domain for this reason.
   */
  readonly stray?: { readonly since: string; readonly problem: string; readonly off: boolean };
}

/** A domain that came with the order. The agent adds the domain as soon as it points here. */
export interface RequestedDomain {
  readonly name: string;
  /** The agent does not try again before this time (RFC 3339). */
  readonly nextAt: string;
  /** The agent does not try again after this time (RFC 3339). */
  readonly until: string;
  readonly tries: number;
  /** Explains to the customer why the domain is not added yet; null before the first try. */
  readonly problem: string | null;
}

export interface Site {
  readonly subdomain: string;
  readonly fqdn: string;
  readonly domains: readonly CustomDomain[];
  readonly domainWish?: RequestedDomain;
  /** The name in the site's URL: `fqdn` or a name of one of the domains. */
  readonly primaryDomain: string;
  /** False after the customer disabled the proxy hosts. */
  readonly proxyEnabled: boolean;
}

/** Empty when the service has no site. */
export function domainsOf({ site }: { readonly site: Site | null }): readonly CustomDomain[] {
  return site?.domains ?? [];
}
