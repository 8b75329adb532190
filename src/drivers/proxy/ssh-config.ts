/** The keys of `proxy.ssh`: for a proxy that the agent cannot change directly. */
import { block, number, path, secret, type Static, text } from '../../config/building-blocks.js';
import type { Loaded } from '../../config/loaded.js';
import { HOST_EXPECTED, isHost } from '../../config/patterns.js';

export const ProxySshSchema = block(
  'Set this if nginx runs on another host, or on this host without write access for the agent. The ' +
    'proxy host runs systemd/innkeeper-proxy.',
  {
    host: text('Host name or address.', { expected: HOST_EXPECTED, check: isHost }),
    port: number('Port of sshd on the proxy host.', 1, 65_535, { default: 22 }),
    user: text(
      'User for the login. On the proxy host, restrict the key of this user to the command innkeeper-proxy.',
      { default: 'root' },
    ),
    private_key: secret('Private key (OpenSSH or PEM, without a passphrase).'),
    known_hosts_file: path('OpenSSH known_hosts file with the host key of the proxy host.', 'file'),
    connect_timeout_s: number('Timeout for connecting.', 1, 120, { unit: 'seconds', default: 10 }),
  },
);

export type ProxySsh = Loaded<Static<typeof ProxySshSchema>>;
