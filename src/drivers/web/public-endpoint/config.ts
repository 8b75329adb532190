/** The keys of `proxy.door`. */
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

export const DoorSchema = section('How the agent itself reaches the public door, to check a site.', {
  address: text('Address of the door.', {
    default: '127.0.0.1',
    expected: ADDRESS_EXPECTED,
    check: isAddress,
  }),
  https_port: inherited(
    number("HTTPS port of the door; empty = the proxy's.", 1, 65_535, {
      inherits: { from: 'proxy.nginx.https_port' },
    }),
  ),
  ca_file: optional(path("PEM file of the CA to trust there; empty = the system's CAs.", 'certificates')),
});

export type Door = Loaded<Static<typeof DoorSchema>>;
