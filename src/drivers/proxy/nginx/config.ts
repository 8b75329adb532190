/** The keys of `proxy.nginx`. */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { list, number, path, section, type Static, text } from '../../../config/building-blocks.js';
import { type ConfigCheck, type DriverPart, problem } from '../../../config/driver-part.js';
import type { Loaded } from '../../../config/loaded.js';
import { ADDRESS_EXPECTED, isAddress, isNetwork, NETWORK_EXPECTED } from '../../../config/patterns.js';
import type { PublicEndpointConfig } from '../../web/public-endpoint/config.js';
import type { ProxySsh } from '../ssh-config.js';

const word = Type.String({ minLength: 1, expected: 'a word' });

const keys = section('The nginx on this machine.', {
  dir: path("Folder for the agent's nginx files; nginx's user must be able to read it.", 'nothing', {
    default: '/etc/nginx/innkeeper',
  }),
  test: list("Command, as a list of words, that tests nginx's whole configuration.", word, {
    default: ['/usr/sbin/nginx', '-t', '-q'],
    minItems: 1,
  }),
  reload: list('Command, as a list of words, that reloads nginx.', word, {
    default: ['/usr/sbin/nginx', '-s', 'reload'],
    minItems: 1,
  }),
  status_port: number(
    'Loopback port on which nginx reports which version of the configuration it serves.',
    1,
    65_535,
    {
      default: 8079,
    },
  ),
  listen: list(
    'Public addresses of the proxy, without ports.',
    text('An address.', { expected: ADDRESS_EXPECTED, check: isAddress }),
    { default: ['0.0.0.0'], minItems: 1 },
  ),
  http_port: number(
    'Port for plain HTTP, which serves only redirects to HTTPS and ACME challenges.',
    1,
    65_535,
    { default: 80 },
  ),
  https_port: number('Port for HTTPS.', 1, 65_535, { default: 443 }),
  certificate_file: path(
    'Wildcard certificate of the base domain: PEM file with its chain, readable by nginx.',
    'nothing',
  ),
  certificate_key_file: path(
    'Private key of the wildcard certificate: PEM file, readable by nginx.',
    'nothing',
  ),
  max_upload_mb: number('Maximum size of an upload to a site.', 1, 102_400, { unit: 'MiB', default: 64 }),
  real_ip_from: list(
    "Upstream proxies whose X-Forwarded-For contains the visitor's address.",
    text('A network.', { expected: NETWORK_EXPECTED, check: isNetwork }),
    {
      default: [],
    },
  ),
});

export type NginxConfig = Loaded<Static<typeof keys>>;

/** The part of the configuration that this driver reads. */
export interface NginxSettings {
  readonly proxy: {
    readonly nginx: NginxConfig;
    readonly ssh: ProxySsh | null;
    readonly door: PublicEndpointConfig;
  };
}

const NginxPorts = Type.Object({
  proxy: Type.Object({
    nginx: Type.Object({
      http_port: Type.Integer(),
      https_port: Type.Integer(),
      status_port: Type.Integer(),
    }),
  }),
});
const portsDiffer: ConfigCheck = (file) => {
  if (!Value.Check(NginxPorts, file)) return [];
  const { http_port: http, https_port: https, status_port: status } = file.proxy.nginx;
  if (new Set([http, https, status]).size === 3) return [];
  const found = `http_port ${http}, https_port ${https}, status_port ${status}`;
  return problem('proxy.nginx', `found ${found}, expected three different ports`);
};

export const nginx = {
  keys,
  checks: [portsDiffer],
  hosts: () => [],
} satisfies DriverPart;
