import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SshConfig } from '../../../src/config/config.js';
import { systemClock } from '../../../src/domain/clock.js';
import { Secret } from '../../../src/domain/secret.js';
import { sshExecDriver } from '../../../src/drivers/exec/ssh.js';
import { at, call, execContract, MAX_OUTPUT_BYTES, scriptOf, writePct } from '../../contracts/exec.js';
import { freePort } from '../../fakes/free-port.js';
import { silentLog } from '../proxy/nginx-stand-in.js';

function run([program = '', ...args]: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  return stdout;
}

/** Debian's sshd with a configuration of our own, two host keys, and `pct` first in its PATH. */
async function realSshd(t: Test, more = '') {
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
SetEnv PATH=${dir}:/usr/sbin:/usr/bin:/sbin:/bin
${more}
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
  const driver = sshExecDriver(['pct'], config, MAX_OUTPUT_BYTES, { log: silentLog });
  t.teardown(() => driver.close());
  return {
    driver,
    config,
    file,
    port,
    stop,
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

t.test('the contract', async (t) => {
  await execContract(t, async (t) => (await realSshd(t)).driver);
});

t.test('more scripts at once than sshd allows sessions all run, also while others are stopped', async (t) => {
  const { driver } = await realSshd(t);
  const stopped = Array.from({ length: 8 }, () =>
    driver.run(at, scriptOf('sleep 30'), { ...call(), signal: AbortSignal.timeout(300) }),
  );
  const others = Array.from({ length: 30 }, (_, i) =>
    driver.run(at, scriptOf(`sleep 0.05; echo ${i}`), call()),
  );
  const ends = await Promise.allSettled(stopped);
  for (const end of ends) t.match(end, { status: 'rejected', reason: { code: 'container_host_timeout' } });
  t.same(
    (await Promise.all(others)).map(({ stdout }) => stdout),
    Array.from({ length: 30 }, (_, i) => `${i}\n`),
  );
});

t.test('an sshd that goes away and comes back', async (t) => {
  const sshd = await realSshd(t);
  t.match(await sshd.driver.run(at, scriptOf('echo one'), call()), { stdout: 'one\n' });
  const log = await readFile(sshd.file('log'), 'utf8').catch(() => '');
  t.notMatch(log, /error/i);
  await sshd.stop();
  // The session's own process lives on, so the kept connection still works; a new daemon's driver cannot get in.
  const other = sshExecDriver(['pct'], sshd.config, MAX_OUTPUT_BYTES, { log: silentLog });
  t.teardown(() => other.close());
  await t.rejects(other.run(at, scriptOf('true'), call()), {
    code: 'container_host_unreachable',
    detail: /ECONNREFUSED/,
  });
  await sshd.start();
  t.match(await other.run(at, scriptOf('echo two'), call()), { stdout: 'two\n' });
});

t.test('a key with a forced command that lets only pct exec through is enough', async (t) => {
  const sshd = await realSshd(t);
  const user = await readFile(sshd.file('user.pub'), 'utf8');
  await writeFile(
    sshd.file('only-pct'),
    `#!/bin/sh
case "$SSH_ORIGINAL_COMMAND" in
  'pct exec '[0-9]*' --keep-env 0 -- /bin/sh -s') ;;
  *) echo refused >&2; exit 1 ;;
esac
exec $SSH_ORIGINAL_COMMAND
`,
  );
  await chmod(sshd.file('only-pct'), 0o755);
  await writeFile(sshd.file('authorized'), `restrict,command="${sshd.file('only-pct')}" ${user}`);
  t.match(await sshd.driver.run(at, scriptOf('echo through'), call()), { exitCode: 0, stdout: 'through\n' });
});

t.test('a host key that is not known is refused by the real server too', async (t) => {
  const sshd = await realSshd(t);
  const user = await readFile(sshd.file('user.pub'), 'utf8');
  await writeFile(sshd.config.known_hosts_file, `[127.0.0.1]:${sshd.port} ${user}`);
  await t.rejects(sshd.driver.run(at, scriptOf('true'), call()), {
    code: 'container_host_refused',
    detail: /is not the one/,
  });
});
