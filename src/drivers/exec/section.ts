/** The section `exec` of the configuration. */
import { section } from '../../config/building-blocks.js';
import { alternatives, blocksOf, driverKey } from '../../config/driver-part.js';
import { execKeys } from './keys.js';
import { EXEC_DRIVERS } from './registry.js';

export const ExecSchema = section('How scripts run in containers.', {
  driver: driverKey(alternatives(EXEC_DRIVERS), EXEC_DRIVERS, { default: 'local' }),
  ...execKeys,
  ...blocksOf(EXEC_DRIVERS),
});
