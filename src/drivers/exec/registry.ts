/** The drivers that run scripts in containers, by the names that `exec.driver` accepts. */
import { local } from './local/config.js';
import { ssh } from './ssh/config.js';

export const EXEC_DRIVERS = {
  local: {
    config: local,
    driver: () => import('./local/index.js'),
    doctor: () => import('./local/doctor.js'),
  },
  ssh: { config: ssh, driver: () => import('./ssh/index.js'), doctor: () => import('./ssh/doctor.js') },
};
