/** The section `container_host` of the configuration. */
import { number, section } from '../../config/building-blocks.js';
import { blocksOf, driverKey } from '../../config/driver-part.js';
import { GUEST_DRIVERS } from './registry.js';

export const ContainerHostSchema = section('Where containers are made.', {
  driver: driverKey('Kind of container host.', GUEST_DRIVERS, { default: 'proxmox' }),
  poll_s: number('Time between two looks at the cluster.', 1, 3600, { unit: 'seconds', default: 10 }),
  ...blocksOf(GUEST_DRIVERS),
});
