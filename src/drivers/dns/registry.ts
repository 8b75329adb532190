/** The DNS drivers, by the names that `dns.driver` accepts. */
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
