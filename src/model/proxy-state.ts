/**
 * What visitors get at a service's names. `preparing`: requests are proxied, and visitors see the "preparing" page
 * while the container does not respond. `enabled`: requests are proxied. `suspended`: visitors get the "suspended" page
 * with status 503, Retry-After and no-store. `disabled`: visitors get the same response as for an unknown host.
 */
export const PROXY_STATES = ['preparing', 'enabled', 'suspended', 'disabled'] as const;
export type ProxyState = (typeof PROXY_STATES)[number];
