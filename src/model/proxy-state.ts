/**
 * What visitors of a service's names get.
 * `preparing`: proxied, and while the container does not answer visitors see the "preparing" page; `enabled`: proxied;
 * `suspended`: 503 "suspended" page, Retry-After, no-store; `disabled`: as if the host were unknown.
 */
export const PROXY_STATES = ['preparing', 'enabled', 'suspended', 'disabled'] as const;
export type ProxyState = (typeof PROXY_STATES)[number];
