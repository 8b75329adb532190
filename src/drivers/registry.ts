/** All drivers that a section of the configuration can choose or enable, by section and name. */
import { DNS_DRIVERS } from './dns/registry.js';
import { EXEC_DRIVERS } from './exec/registry.js';
import { GUEST_DRIVERS } from './guest/registry.js';
import { ISSUERS } from './issuer/registry.js';
import { PROXY_DRIVERS } from './proxy/registry.js';

export const DRIVERS = {
  exec: EXEC_DRIVERS,
  dns: DNS_DRIVERS,
  container_host: GUEST_DRIVERS,
  proxy: PROXY_DRIVERS,
  domains: ISSUERS,
} as const;
