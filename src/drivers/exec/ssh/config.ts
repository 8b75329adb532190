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

const host = block('Where a node is reached.', {
  host: text('Host name or address.', { expected: HOST_EXPECTED, check: isHost }),
  port: number('Port of its sshd.', 1, 65_535, { default: 22 }),
});

const keys = block('Needed by the driver `ssh`.', {
  hosts: byName(
    'By node name, where its sshd listens; a node that is not named here is reached under its own name, port 22.',
    host,
  ),
  user: text('User to log in as; it must be allowed to run pct.', { default: 'root' }),
  private_key: secret('Private key (OpenSSH or PEM, without a passphrase).', {
    problem: (key) =>
      key.includes('PRIVATE KEY-----')
        ? undefined
        : 'found something else, expected a private key in OpenSSH or PEM form',
  }),
  known_hosts_file: path(
    'OpenSSH known_hosts file with the host keys of all nodes; a host without a matching key is refused.',
    'file',
  ),
  connect_timeout_s: number('How long connecting may take.', 1, 120, { unit: 'seconds', default: 10 }),
});

export type SshConfig = Loaded<Static<typeof keys>>;

/** What of the configuration this driver reads. */
export interface SshExecSettings {
  readonly exec: ExecKeys & { readonly ssh: SshConfig | null };
}

export const ssh = {
  does: 'on the node that holds the container',
  keys: optional(keys),
  checks: [],
  hosts: ({ exec }: SshExecSettings) => Object.values(exec.ssh?.hosts ?? {}).map(({ host: name }) => name),
} satisfies DriverPart;
