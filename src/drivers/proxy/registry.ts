/** The reverse proxy drivers, by the names that `proxy.driver` accepts. */
import { nginx } from './nginx/config.js';

export const PROXY_DRIVERS = {
  nginx: {
    config: nginx,
    driver: () => import('./nginx/index.js'),
    doctor: () => import('./nginx/doctor.js'),
  },
};
