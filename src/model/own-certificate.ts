/** A certificate that only the operator renews: the proxy's for the base domain, or the API's. */
export interface OwnCertificate {
  readonly of: 'base_domain' | 'api';
  /** RFC 3339 */
  readonly expires_at: string;
}
