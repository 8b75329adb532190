/**
 * What visitors get at a service's names.
 * `preparing`: proxied, and while the container does not answer visitors see the "preparing" page; `enabled`: proxied;
 * `suspended`: 503 "suspended" page, Retry-After, no-store; `disabled`: as for an unknown host.
 */
export const PROXY_STATES = ['preparing', 'enabled', 'suspended', 'disabled'] as const;
export type ProxyState = (typeof PROXY_STATES)[number];
