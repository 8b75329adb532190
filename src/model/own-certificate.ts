/** A certificate that the operator renews, not the agent: the proxy's certificate for the base domain, or the API's. */
export interface OwnCertificate {
  readonly of: 'base_domain' | 'api';
  /** RFC 3339 */
  readonly expires_at: string;
}
