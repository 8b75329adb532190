/** The section `container_host` of the configuration. */
import { number, section } from '../../config/building-blocks.js';
import { blocksOf, driverKey } from '../../config/driver-part.js';
import { GUEST_DRIVERS } from './registry.js';

export const ContainerHostSchema = section('The container host.', {
  driver: driverKey('Type of container host.', GUEST_DRIVERS, { default: 'proxmox' }),
  poll_s: number('Interval between two polls of the cluster.', 1, 3600, { unit: 'seconds', default: 10 }),
  ...blocksOf(GUEST_DRIVERS),
});
