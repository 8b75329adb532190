/** Debian's sshd, started by a test on a port and with keys of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeSSH } from 'node-ssh';
import type { Test } from 'tap';
import type { SshConfig } from '../../../src/config/config.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { Secret } from '../../../src/kernel/secret.js';
import { writePct } from '../../contracts/exec.js';
import { freePort } from '../../fakes/free-port.js';

/** Runs one command as the key may; stdout and stderr together. */
export type Ask = (
  command: string,
  stdin?: string,
) => Promise<{ readonly code: number | null; readonly out: string }>;

export interface RealSshd {
  /** `pve1` is reached there. */
  readonly config: SshConfig;
  readonly port: number;
  file(name: string): string;
  /** From the next connection on this is all that the key may run. */
  force(command: string): Promise<void>;
  connect(): Promise<Ask>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

function run([program = '', ...args]: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  return stdout;
}

/** Debian's sshd with a configuration of our own, two host keys, and `pct` first in its PATH. */
export async function realSshd(t: Test): Promise<RealSshd> {
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-sshd-'));
  const file = (name: string): string => join(dir, name);
  await writePct(dir);
  for (const type of ['ed25519', 'ecdsa', 'rsa'])
    run(['ssh-keygen', '-q', '-t', type, '-N', '', '-f', file(`host_${type}`)]);
  run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', file('user')]);
  await writeFile(file('authorized'), await readFile(file('user.pub')));
  await chmod(file('authorized'), 0o600);
  const port = await freePort();
  await writeFile(
    file('sshd_config'),
    `ListenAddress 127.0.0.1:${port}
HostKey ${file('host_ed25519')}
HostKey ${file('host_ecdsa')}
HostKey ${file('host_rsa')}
PidFile ${file('sshd.pid')}
AuthorizedKeysFile ${file('authorized')}
StrictModes no
PasswordAuthentication no
UsePAM no
SetEnv SHLVL=1 PATH=${dir}:/usr/sbin:/usr/bin:/sbin:/bin
`,
  );
  await mkdir('/run/sshd', { recursive: true });
  let child = spawn('/usr/sbin/sshd', ['-D', '-f', file('sshd_config'), '-E', file('log')], {
    stdio: 'ignore',
  });
  const up = async (): Promise<void> => {
    const giveUp = AbortSignal.timeout(10_000);
    while (!(await answers(port))) await systemClock.sleep(10, giveUp);
  };
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  t.teardown(async () => {
    await stop();
    await rm(dir, { recursive: true, force: true });
  });
  await up();
  const known = file('known_hosts');
  const hostKey = await readFile(file('host_ecdsa.pub'), 'utf8');
  await writeFile(known, `[127.0.0.1]:${port} ${hostKey}`);
  run(['ssh-keygen', '-q', '-H', '-f', known]);
  const config: SshConfig = {
    hosts: { pve1: { host: '127.0.0.1', port } },
    user: 'root',
    private_key: new Secret(await readFile(file('user'), 'utf8')),
    known_hosts_file: known,
    connect_timeout_s: 5,
  };
  return {
    config,
    file,
    port,
    stop,
    async force(command) {
      await writeFile(
        file('authorized'),
        `restrict,command="${command}" ${await readFile(file('user.pub'), 'utf8')}`,
      );
    },
    async connect() {
      const client = new NodeSSH();
      t.teardown(() => client.dispose());
      await client.connect({
        host: '127.0.0.1',
        port,
        username: 'root',
        privateKey: config.private_key.reveal(),
      });
      return async (command, stdin = '') => {
        const { code, stdout, stderr } = await client.execCommand(command, { stdin });
        return { code, out: `${stdout}${stderr}` };
      };
    },
    async start() {
      child = spawn('/usr/sbin/sshd', ['-D', '-f', file('sshd_config'), '-E', file('log')], {
        stdio: 'ignore',
      });
      await up();
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
