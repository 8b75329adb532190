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
import { NodeSSH } from 'node-ssh';
import { REPOSITORY } from '../../systemd/machine.js';
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

/** Makes `systemd/innkeeper-exec` all that the driver's key may run. */
async function force(sshd: Awaited<ReturnType<typeof realSshd>>, ranges: string): Promise<void> {
  const user = await readFile(sshd.file('user.pub'), 'utf8');
  const command = `${join(REPOSITORY, 'systemd/innkeeper-exec')} --pct=${sshd.file('pct')} ${ranges}`;
  await writeFile(sshd.file('authorized'), `restrict,command="${command}" ${user}`);
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

t.test('the shipped forced command is enough for the contract', async (t) => {
  await execContract(t, async (t) => {
    const sshd = await realSshd(t);
    await force(sshd, '100-999');
    return sshd.driver;
  });
});

t.test('the shipped forced command lets nothing else through', async (t) => {
  const sshd = await realSshd(t);
  await force(sshd, '101-101 9000-9099');
  const good = (vmid: string): string => `pct exec ${vmid} --keep-env 0 -- /bin/sh -s`;
  const connect = async (): Promise<NodeSSH> => {
    const client = new NodeSSH();
    t.teardown(() => client.dispose());
    return client.connect({
      ...sshd.config.hosts['pve1'],
      username: 'root',
      privateKey: sshd.config.private_key.reveal(),
    });
  };
  let client = await connect();
  const ask = async (
    command: string,
    stdin = 'echo through',
  ): Promise<{ code: number | null; out: string }> => {
    const { code, stdout, stderr } = await client.execCommand(command, { stdin });
    return { code, out: `${stdout}${stderr}` };
  };
  t.same(await ask(good('101')), { code: 0, out: 'through' });
  t.same(await ask(`${sshd.file('pct')} exec 101 --keep-env 0 -- /bin/sh -s`), { code: 0, out: 'through' });
  const refused = [
    ...[
      '',
      '100',
      '102',
      '8999',
      '9100',
      '0101',
      '101 ',
      ' 101',
      '1e2',
      '-101',
      '101;id',
      '101\n102',
      '101|id',
      '$(id)',
      '`id`',
      '99999999999',
    ].map(good),
    good('101').replace('-s', '-s x'),
    good('101').replace('-s', '-c id'),
    good('101').replace('0', '1'),
    `${good('101')};id`,
    `${good('101')}\n`,
    `${good('101')}\nid`,
    `${good('101')} && id`,
    ` ${good('101')}`,
    `id; ${good('101')}`,
    `/tmp/${good('101')}`,
    `env X=1 ${good('101')}`,
    'pct exec 101 --keep-env 0 -- /bin/bash -s',
    'pct exec 101 -- /bin/sh -s',
    'pct enter 101',
    'pct destroy 101',
    'pct push 101 /etc/shadow /etc/shadow',
    'pct  exec 101 --keep-env 0 -- /bin/sh -s',
    'id',
    'sh',
    'scp -t /etc',
    'internal-sftp',
  ];
  for (const command of refused) {
    const { code, out } = await ask(command);
    t.same(
      { code, refused: /^innkeeper-exec: refused: /.test(out), through: out.includes('through') },
      { code: 126, refused: true, through: false },
      JSON.stringify(command),
    );
  }
  // no command at all is an interactive shell
  t.match(
    spawnSync(
      'ssh',
      [
        '-T',
        '-F',
        'none',
        '-i',
        sshd.file('user'),
        '-o',
        'StrictHostKeyChecking=no',
        '-o',
        'UserKnownHostsFile=/dev/null',
        '-p',
        String(sshd.port),
        'root@127.0.0.1',
      ],
      { encoding: 'utf8', input: 'echo through\n' },
    ),
    { status: 126 },
  );
  const large = await ask(good('101'), `${':\n'.repeat(8_000_000)}echo through`);
  t.same(large, { code: 0, out: 'through' }, '16 MB of script pass, and none is kept');
  await force(sshd, '101-abc');
  client = await connect();
  t.match(await ask(good('101')), { code: 126, out: /not a range/ });
  await force(sshd, '');
  client = await connect();
  t.match(await ask(good('101')), { code: 126, out: /no range/ });
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
