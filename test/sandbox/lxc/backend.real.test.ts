/**
 * The lxc back end against this machine: real containers, disks and addresses. Needs root and the packages that
 * .ci/run installs.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { BackendContainer } from '../../../src/sandbox/backend.js';
import { openContainerHost } from '../../../src/sandbox/lxc/container-host.js';
import type { ContainerHost } from '../../../src/sandbox/lxc/container-host.js';

const VOLUME = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';
const CACHE = process.env.INNKEEPER_SANDBOX_CACHE ?? '/var/cache/innkeeper-sandbox';

const stateDir = await mkdtemp(join(tmpdir(), 'ik-lxc-'));
let host: ContainerHost = await open();
t.teardown(async () => {
  await host.close();
  await rm(stateDir, { recursive: true, force: true });
});

async function open(): Promise<ContainerHost> {
  return openContainerHost({ stateDir, cacheDir: CACHE, log: (line) => t.comment(line) });
}

function container(vmid: number, changes: Partial<BackendContainer> = {}): BackendContainer {
  const { gateway, prefix } = host.network.plan;
  return {
    vmid,
    node: 'pve1',
    hostname: `ct${vmid}.example.test`,
    memoryMb: 512,
    swapMb: 128,
    cores: 1,
    diskGb: 4,
    ipv4: { address: gateway.replace(/\.1$/, `.${vmid - 90}`), prefix, gateway },
    hwaddr: `02:00:00:00:01:${(vmid % 256).toString(16).padStart(2, '0')}`,
    nameserver: null,
    ...changes,
  };
}

async function inside(
  vmid: number,
  script: string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const [command = '', ...args] = [
    ...host.network.enter,
    ...['lxc-attach', '-P', host.lxcPath, '-n', String(vmid), '--clear-env', '--', '/bin/sh', '-s'],
  ];
  return new Promise((resolve) => {
    const child = execFile(command, args, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
    child.stdin?.end(script);
  });
}

async function waitFor(what: string, look: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`timed out waiting for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function timed(
  to: { comment(text: string): void },
  what: string,
  work: () => Promise<unknown>,
): Promise<void> {
  const from = performance.now();
  await work();
  to.comment(`${what}: ${Math.round(performance.now() - from)} ms`);
}

t.test('makes, starts, changes, rolls back, clones and destroys a container', async (t) => {
  const { backend } = host;
  await timed(t, 'create', () => backend.create(container(101), VOLUME));
  await timed(t, 'start', () => backend.start(container(101)));
  t.equal(await backend.isRunning(101), true);
  await timed(t, 'boot', () =>
    waitFor(
      'boot',
      async () => (await inside(101, 'systemctl is-system-running')).stdout.trim() === 'running',
    ),
  );
  const seen = await inside(
    101,
    'hostname; cat /etc/hosts; cat /sys/class/net/eth0/address; ip -4 -o address show eth0; id -u',
  );
  t.match(seen.stdout, /^ct101\n/);
  t.match(seen.stdout, /ct101\.example\.test ct101/);
  t.match(seen.stdout, /02:00:00:00:01:65/);
  t.match(seen.stdout, `inet ${container(101).ipv4?.address}/22 brd ${host.network.plan.broadcast}`);
  t.equal((await inside(101, 'exit 7')).code, 7);

  await inside(101, 'echo first > /root/kept; sync');
  await timed(t, 'snapshot of a running container', () => backend.snapshot(101, 'initial'));
  await inside(101, 'echo second > /root/kept; echo more > /root/later');
  await timed(t, 'rollback (with its stop)', () => backend.rollback(101, 'initial'));
  t.equal(await backend.isRunning(101), false, 'a rollback leaves it stopped');
  await backend.start(container(101));
  const after = await inside(101, 'cat /root/kept; ls /root');
  t.equal(after.stdout, 'first\nkept\n');

  await waitFor(
    'boot',
    async () => (await inside(101, 'systemctl is-system-running')).stdout.trim() === 'running',
  );
  await timed(t, 'shutdown', () => backend.shutdown(101, 60));
  t.equal(await backend.isRunning(101), false);
  await timed(t, 'template', () => backend.convertToTemplate(101));
  await timed(t, 'clone', () => backend.clone(container(102), 101));
  await timed(t, 'start of the clone', () => backend.start(container(102)));
  t.equal((await inside(102, 'hostname; cat /root/kept')).stdout, 'ct102\nfirst\n');
  t.equal(
    (await inside(102, 'grep -c PVE /etc/hosts')).stdout,
    '2\n',
    'one section of the host in /etc/hosts',
  );
  await timed(t, 'stop', () => backend.stop(102));
  await timed(t, 'destroy', () => backend.destroy(102));
  t.notOk(existsSync(host.disk.path('ct', '102')));
  await t.rejects(backend.rollback(101, 'nothing'), /snapshot 'nothing' does not exist/);
  await t.rejects(backend.create(container(103), 'local:vztmpl/other.tar.zst'), /does not exist/);
  await backend.destroy(101);
});

t.test('keeps memory, cores and disk to their limits, also changed while it runs', async (t) => {
  const { backend } = host;
  await backend.create(container(110), VOLUME);
  await backend.start(container(110));
  await backend.configure(container(110, { memoryMb: 300, cores: 2 }));
  await backend.configure(container(110, { memoryMb: 700, cores: 2 }));
  const limit = ['/sys/fs/cgroup/memory/GROUP/memory.limit_in_bytes', '/sys/fs/cgroup/GROUP/memory.max']
    .map((file) => file.replace('GROUP', `${host.network.namespace}/110/lxc.payload.110`))
    .find(existsSync);
  t.equal(readFileSync(limit ?? '', 'utf8').trim(), String(700 * 1024 ** 2));
  await backend.resize(container(110, { diskGb: 0.5 }));
  const full = await inside(110, 'dd if=/dev/urandom of=/root/big bs=1M count=600 2>&1');
  t.match(full.stdout, /quota exceeded/i);
  await backend.resize(container(110, { diskGb: 2 }));
  t.equal((await inside(110, 'dd if=/dev/urandom of=/root/big bs=1M count=600 2>/dev/null')).code, 0);
  const usage = await backend.usage(110);
  t.ok(usage.memoryBytes > 1024 ** 2 && usage.diskBytes > 100 * 1024 ** 2, JSON.stringify(usage));
  await backend.destroy(110);
});

t.test(
  'containers reach the Debian archive, the host reaches containers, nothing else goes out',
  async (t) => {
    const { backend } = host;
    await backend.create(container(120), VOLUME);
    await backend.start(container(120));
    await waitFor('boot', async () =>
      /running|degraded/.test((await inside(120, 'systemctl is-system-running')).stdout),
    );
    const update = await inside(
      120,
      'apt-get -q update && apt-get install -y -q --no-install-recommends busybox-static 2>&1',
    );
    t.equal(update.code, 0, update.stderr.slice(-500) || 'apt works');
    const outside = await inside(
      120,
      'curl -sS -m 5 http://192.0.2.200/ 2>&1; curl -sS -m 5 http://outside.example/ 2>&1',
    );
    t.match(outside.stdout, /unreachable|refused|timed out/i);
    t.match(outside.stdout, /resolve/i);
    await inside(
      120,
      'mkdir /srv/www; echo hello > /srv/www/index.html; systemd-run -q busybox httpd -f -p 8000 -h /srv/www',
    );
    await waitFor('httpd', async () => {
      const answer = await fetch(`http://${container(120).ipv4?.address}:8000/`).catch(() => undefined);
      return (await answer?.text()) === 'hello\n';
    });
  },
);

t.test('takes the same state up again, and refuses a second world on it', async (t) => {
  await t.rejects(open(), /already running on/);
  await host.close();
  t.notOk(existsSync(`/run/netns/${host.network.namespace}`), 'namespace gone');
  t.notMatch(readFileSync('/proc/mounts', 'utf8'), stateDir, 'nothing mounted');
  const before = host.network.plan;
  host = await open();
  t.same(host.network.plan, before, 'same network');
  await host.backend.resume();
  t.equal(await host.backend.isRunning(120), true, 'what ran runs again');
  t.equal((await inside(120, 'cat /srv/www/index.html')).stdout, 'hello\n');
});
