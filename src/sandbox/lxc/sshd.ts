/**
 * A real OpenSSH server for the nodes of the sandbox. A single process listens on one port per node. It accepts only
 * the agent's key. Commands find the sandbox's `pct` in their path.
 */
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { writeText } from '../files.js';
import { keptKey } from '../ssh-keys.js';
import { findCommand } from './requirements.js';
import { startServer } from './server-process.js';
import type { ServerProcess } from './server-process.js';

export interface SshdOptions {
  readonly dir: string;
  /** Maps each node to a port on 127.0.0.1. */
  readonly ports: ReadonlyMap<string, number>;
  /** The folder that comes first in the PATH of the commands that the server runs. */
  readonly binDir: string;
}

export interface Sshd extends ServerProcess {
  /** The agent's private key file in OpenSSH format (mode 0600). */
  readonly privateKeyFile: string;
  readonly knownHostsFile: string;
}

/**
 * The forced command with which an operator restricts the key. With it, the key can only run scripts in containers.
 */
const FORCED = `#!/bin/sh
asked=\${SSH_ORIGINAL_COMMAND-}
vmid=\${asked#pct exec }
vmid=\${vmid%% *}
case $vmid in '' | *[!0-9]*) vmid=0 ;; esac
[ "$asked" = "pct exec $vmid --keep-env 0 -- /bin/sh -s" ] || { echo refused >&2; exit 126; }
exec pct exec "$vmid" --keep-env 0 -- /bin/sh -s
`;

export async function startSshd({ dir, ports, binDir }: SshdOptions): Promise<Sshd> {
  const files = {
    hostKey: join(dir, 'host_key'),
    agentKey: join(dir, 'agent_key'),
    authorized: join(dir, 'authorized_keys'),
    forced: join(dir, 'only-scripts'),
    knownHosts: join(dir, 'known_hosts'),
    config: join(dir, 'sshd_config'),
    log: join(dir, 'sshd.log'),
  };
  const [hostKey, agentKey] = [await keptKey(files.hostKey), await keptKey(files.agentKey)];
  const numbers = [...ports.values()];
  await writeText(files.forced, FORCED, 0o755);
  await writeText(files.authorized, `restrict,command="${files.forced}" ${agentKey.public}\n`);
  await writeText(
    files.knownHosts,
    numbers.map((port) => `[127.0.0.1]:${port} ${hostKey.public}\n`).join(''),
  );
  await writeText(files.config, sshdConfig(files, numbers, binDir));
  // sshd refuses to start without this folder, which Debian's systemd unit would create.
  await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const [first = 0] = numbers;
  const server = await startServer({
    name: 'the SSH server',
    // sshd re-executes itself and therefore needs an absolute path. A relative log file resets every connection.
    argv: [findCommand('sshd') ?? '/usr/sbin/sshd', '-D', '-f', files.config, '-E', files.log],
    logFile: files.log,
    isReady: async () => canConnect(first),
  });
  return { ...server, privateKeyFile: files.agentKey, knownHostsFile: files.knownHosts };
}

function sshdConfig(files: { hostKey: string; authorized: string }, ports: number[], binDir: string): string {
  return [
    ...ports.map((port) => `ListenAddress 127.0.0.1:${port}`),
    `HostKey ${files.hostKey}`,
    `AuthorizedKeysFile ${files.authorized}`,
    'PidFile none',
    // Without this setting, sshd would reject a key file below a folder to which other users can write, and the state
    // folder may be below /tmp.
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'AllowTcpForwarding no',
    'X11Forwarding no',
    'PrintMotd no',
    // With this SHLVL, bash does not read root's .bashrc, which could take long and change the path.
    `SetEnv SHLVL=1 PATH=${binDir}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    '',
  ].join('\n');
}

async function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
