/** The keys of the section `proxy` that configure the requests to the public endpoint. */
import {
  inherited,
  number,
  optional,
  path,
  section,
  type Static,
  text,
} from '../../../config/building-blocks.js';
import type { Loaded } from '../../../config/loaded.js';
import { ADDRESS_EXPECTED, isAddress } from '../../../config/patterns.js';

export const PublicEndpointSchema = section(
  'How the agent itself connects to the public endpoint, to check a site.',
  {
    address: text('Address of the endpoint.', {
      default: '127.0.0.1',
      expected: ADDRESS_EXPECTED,
      check: isAddress,
    }),
    https_port: inherited(
      number("HTTPS port of the endpoint; empty = the proxy's.", 1, 65_535, {
        inherits: { from: 'proxy.nginx.https_port' },
      }),
    ),
    ca_file: optional(
      path("PEM file of the CA to trust for the endpoint; empty = the system's CAs.", 'certificates'),
    ),
  },
);

export type PublicEndpointConfig = Loaded<Static<typeof PublicEndpointSchema>>;
