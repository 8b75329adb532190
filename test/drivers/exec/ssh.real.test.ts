import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { sshExecDriver } from '../../../src/drivers/exec/ssh/index.js';
import { at, call, execContract, MAX_OUTPUT_BYTES, scriptOf } from '../../contracts/exec.js';
import { REPOSITORY } from '../../systemd/machine.js';
import { silentLog } from '../proxy/nginx-stand-in.js';
import { type RealSshd, realSshd } from './real-sshd.js';

async function withDriver(t: Test) {
  const sshd = await realSshd(t);
  const driver = sshExecDriver(['pct'], sshd.config, MAX_OUTPUT_BYTES, { log: silentLog });
  t.teardown(() => driver.close());
  return { ...sshd, driver };
}

/** Makes `systemd/innkeeper-exec` all that the key may run. */
function force(sshd: RealSshd, ranges: string): Promise<void> {
  return sshd.force(`${join(REPOSITORY, 'systemd/innkeeper-exec')} --pct=${sshd.file('pct')} ${ranges}`);
}

t.test('the contract', async (t) => {
  await execContract(t, async (t) => (await withDriver(t)).driver);
});

t.test(
  'more concurrent scripts than sshd allows sessions all run, even while others are aborted',
  async (t) => {
    const { driver } = await withDriver(t);
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
  },
);

t.test('an sshd that goes away and comes back', async (t) => {
  const sshd = await withDriver(t);
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
    const sshd = await withDriver(t);
    await force(sshd, '100-999');
    return sshd.driver;
  });
});

t.test('the shipped forced command lets nothing else through', async (t) => {
  const sshd = await withDriver(t);
  await force(sshd, '101-101 9000-9099');
  const good = (vmid: string): string => `pct exec ${vmid} --keep-env 0 -- /bin/sh -s`;
  let ask = await sshd.connect();
  t.same(await ask(good('101'), 'echo through'), { code: 0, out: 'through' });
  t.same(await ask(`${sshd.file('pct')} exec 101 --keep-env 0 -- /bin/sh -s`, 'echo through'), {
    code: 0,
    out: 'through',
  });
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
    const { code, out } = await ask(command, 'echo through');
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
  ask = await sshd.connect();
  t.match(await ask(good('101')), { code: 126, out: /not a range/ });
  await force(sshd, '');
  ask = await sshd.connect();
  t.match(await ask(good('101')), { code: 126, out: /no range/ });
});

t.test('a host key that is not known is refused by the real server too', async (t) => {
  const sshd = await withDriver(t);
  const user = await readFile(sshd.file('user.pub'), 'utf8');
  await writeFile(sshd.config.known_hosts_file, `[127.0.0.1]:${sshd.port} ${user}`);
  await t.rejects(sshd.driver.run(at, scriptOf('true'), call()), {
    code: 'container_host_refused',
    detail: /is not the one/,
  });
});
