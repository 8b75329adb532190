/** The drivers of DNS, by the names that `dns.driver` takes. */
import { none } from './none/config.js';
import { powerdns } from './powerdns/config.js';

export const DNS_DRIVERS = {
  powerdns: {
    config: powerdns,
    driver: () => import('./powerdns/index.js'),
    doctor: () => import('./powerdns/doctor.js'),
  },
  none: { config: none, driver: () => import('./none/index.js'), doctor: () => import('./none/doctor.js') },
};
