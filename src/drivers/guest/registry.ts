/** The container host drivers, by the names that `container_host.driver` accepts. */
import { proxmox } from './proxmox/config.js';

export const GUEST_DRIVERS = {
  proxmox: {
    config: proxmox,
    driver: () => import('./proxmox/index.js'),
    doctor: () => import('./proxmox/doctor.js'),
  },
};
