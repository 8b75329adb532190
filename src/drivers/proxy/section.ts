/** The section `proxy` of the configuration. */
import { list, optional, section, text } from '../../config/building-blocks.js';
import { blocksOf, driverKey } from '../../config/driver-part.js';
import { ADDRESS_EXPECTED, isAddress } from '../../config/patterns.js';
import { PublicEndpointSchema } from '../web/public-endpoint/config.js';
import { PROXY_DRIVERS } from './registry.js';
import { ProxySshSchema } from './ssh-config.js';

export const ProxySchema = section('The reverse proxy.', {
  driver: driverKey('Type of proxy.', PROXY_DRIVERS, { default: 'nginx' }),
  ...blocksOf(PROXY_DRIVERS),
  ssh: optional(ProxySshSchema),
  public_addresses: list(
    "Public addresses of the proxy. In the records of customers' zones, PROXYSRV stands for these " +
      'addresses.',
    text('An address.', { expected: ADDRESS_EXPECTED, check: isAddress }),
    { default: [] },
  ),
  door: PublicEndpointSchema,
});
