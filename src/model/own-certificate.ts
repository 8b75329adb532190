/** A certificate that nobody but the operator renews: the proxy's for the base domain, and that of the API. */
export interface OwnCertificate {
  readonly of: 'base_domain' | 'api';
  /** RFC 3339 */
  readonly expires_at: string;
}
