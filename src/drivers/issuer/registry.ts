/** The issuers of certificates, by the names of their blocks in `domains`; the first that is on issues. */
import { acme } from './acme/config.js';
import { localCa } from './local/config.js';

export const ISSUERS = {
  acme: { config: acme, driver: () => import('./acme/index.js') },
  local_ca: { config: localCa, driver: () => import('./local/index.js') },
};

/** When none is on. */
export const NO_ISSUER = { driver: () => import('./none/index.js') };
