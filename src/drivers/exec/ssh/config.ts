/** The keys of `exec.ssh`. */
import {
  block,
  byName,
  number,
  optional,
  path,
  secret,
  type Static,
  text,
} from '../../../config/building-blocks.js';
import type { DriverPart } from '../../../config/driver-part.js';
import type { Loaded } from '../../../config/loaded.js';
import { HOST_EXPECTED, isHost } from '../../../config/patterns.js';
import type { ExecKeys } from '../keys.js';

const host = block('SSH address of a node.', {
  host: text('Host name or address.', { expected: HOST_EXPECTED, check: isHost }),
  port: number('Port of sshd on the node.', 1, 65_535, { default: 22 }),
});

const keys = block('Required by the driver `ssh`.', {
  hosts: byName(
    'SSH addresses by node name. A node that is not listed is reached under its own name on port 22.',
    host,
  ),
  user: text('User for the login; the user must be allowed to run pct.', { default: 'root' }),
  private_key: secret('Private key (OpenSSH or PEM, without a passphrase).', {
    problem: (key) =>
      key.includes('PRIVATE KEY-----')
        ? undefined
        : 'found something else, expected a private key in OpenSSH or PEM form',
  }),
  known_hosts_file: path(
    'OpenSSH known_hosts file with the host keys of all nodes; a host without a matching key is ' +
      'rejected.',
    'file',
  ),
  connect_timeout_s: number('Timeout for connecting.', 1, 120, { unit: 'seconds', default: 10 }),
});

export type SshConfig = Loaded<Static<typeof keys>>;

/** The part of the configuration that this driver reads. */
export interface SshExecSettings {
  readonly exec: ExecKeys & { readonly ssh: SshConfig | null };
}

export const ssh = {
  does: "runs pct over SSH on the container's node",
  keys: optional(keys),
  checks: [],
  hosts: ({ exec }: SshExecSettings) => Object.values(exec.ssh?.hosts ?? {}).map(({ host: name }) => name),
} satisfies DriverPart;
