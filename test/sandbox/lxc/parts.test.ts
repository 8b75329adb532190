/** What the lxc world decides without touching the machine. */
import { execFile } from 'node:child_process';
import { createServer, get } from 'node:http';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { findProxy, parseTargets } from '../../../src/sandbox/lxc/apt-archive.js';
import { startAptProxy } from '../../../src/sandbox/lxc/apt-proxy.js';
import { baseKey, isBaseVolume } from '../../../src/sandbox/lxc/base-image.js';
import { limitValues } from '../../../src/sandbox/lxc/cgroup-limits.js';
import { parseQgroups } from '../../../src/sandbox/lxc/disk.js';
import { recipeKey, shippedRecipe } from '../../../src/sandbox/lxc/golden-template.js';
import { withSection, writeGuestFiles } from '../../../src/sandbox/lxc/guest-files.js';
import { isFree, planFor } from '../../../src/sandbox/lxc/network.js';
import { pctScript } from '../../../src/sandbox/lxc/pct.js';
import { identify, isAlive } from '../../../src/sandbox/lxc/process-identity.js';
import { run } from '../../../src/sandbox/lxc/run.js';
import { Undo } from '../../../src/sandbox/lxc/undo.js';
import { testFolder } from '../../test-folder.js';

const archive = {
  sources: ['deb http://mirror.example/debian bookworm main'],
  servers: [''],
  settings: '',
  proxy: null,
};

t.test('a network is free only when no route of the host overlaps it', (t) => {
  const plan = planFor(77, 6);
  t.same(plan, { network: '10.77.4.0', prefix: 22, gateway: '10.77.4.1', broadcast: '10.77.7.255' });
  t.equal(isFree(plan, ['192.0.2.0/24', '10.77.0.0/22', '10.77.8.1/32']), true);
  for (const route of ['10.77.4.0/22', '10.77.6.9/32', '10.0.0.0/8', '10.77.0.0/16'])
    t.equal(isFree(plan, [route]), false, route);
  t.end();
});

t.test('the host section of /etc/hosts is replaced and the guest keeps its own lines', (t) => {
  const first = withSection('127.0.0.1 localhost\n127.0.0.1 site.example # own\n', '10.0.0.5 a');
  const second = withSection(first, '10.0.0.6 b');
  t.match(first, /10\.0\.0\.5 a/);
  t.equal(second, first.replace('10.0.0.5 a', '10.0.0.6 b'));
  t.end();
});

t.test('a symbolic link that a guest planted is replaced, not followed', async (t) => {
  const rootfs = testFolder(t, { etc: {} });
  await symlink('../../outside', join(rootfs, 'etc', 'hostname'));
  await writeGuestFiles(
    rootfs,
    {
      ...{ vmid: 101, node: 'pve1', hostname: 'a.example', memoryMb: 1, swapMb: 0, cores: 1, diskGb: 1 },
      ...{ ipv4: null, hwaddr: '', nameserver: '192.0.2.1 192.0.2.2' },
    },
    { aptConfig: 'x' },
  );
  const { stdout } = await run(['cat', join(rootfs, 'etc/hostname'), join(rootfs, 'etc/resolv.conf')]);
  t.equal(stdout, 'a\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n');
  await t.rejects(run(['cat', join(rootfs, '../outside')]), /cat .* failed/);
});

t.test("the archive is read from apt's own answer, and only what Debian signed counts", (t) => {
  const text = [
    'http://mirror.example/debian/|Debian|Debian',
    'http://mirror.example/debian-security/|Debian-Security|Debian',
    'https://packages.example/x/|Other|Other',
    'cdrom:[x]/|Debian|Debian',
  ].join('\n');
  t.same(parseTargets(text), [
    { uri: 'http://mirror.example/debian/', label: 'Debian' },
    { uri: 'http://mirror.example/debian-security/', label: 'Debian-Security' },
  ]);
  t.equal(findProxy(['Acquire::http::Proxy "http://proxy.example:3128";']), 'http://proxy.example:3128');
  t.end();
});

t.test('keys of cached images change with what goes into them', async (t) => {
  t.not(baseKey(archive), baseKey({ ...archive, sources: [] }));
  const recipe = await shippedRecipe();
  t.equal(recipe.name, 'innkeeper-wordpress');
  t.not(recipeKey('a', recipe), recipeKey('b', recipe));
  t.not(recipeKey('a', recipe), recipeKey('a', { ...recipe, scripts: [] }));
  t.equal(isBaseVolume('local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst'), true);
  t.equal(isBaseVolume('local:vztmpl/alpine-3.20-default.tar.xz'), false);
});

t.test('figures and limits', (t) => {
  const shown =
    'Qgroupid    Referenced    Exclusive   Path \n--------    ----------    ---------   ---- \n0/260        228564992        49152   ct/101\n';
  t.same([...parseQgroups(shown)], [['ct/101', 228_564_992]]);
  const limits = { memoryMb: 512, swapMb: 128, cores: 2 };
  t.same(
    limitValues(limits, true).map(([, key]) => key),
    ['memory.max', 'memory.swap.max', 'cpu.max'],
  );
  t.same(limitValues(limits, false)[1], ['memory', 'memory.memsw.limit_in_bytes', String(640 * 1024 ** 2)]);
  t.end();
});

t.test('everything that was opened is closed, newest first, whatever fails', async (t) => {
  const undo = new Undo();
  const closed: number[] = [];
  undo.add(async () => closed.push(1));
  undo.add(async () => {
    throw new Error('stuck');
  });
  undo.add(async () => closed.push(3));
  await t.rejects(undo.run(), /stuck/);
  t.same(closed, [3, 1]);
  await undo.run();
});

t.test('a process is the one that was meant only with its start time', (t) => {
  const self = identify(process.pid);
  t.ok(self && isAlive(self));
  t.notOk(isAlive({ pid: process.pid, startTime: '1' }));
  t.end();
});

t.test('pct refuses what the real one refuses', async (t) => {
  const dir = testFolder(t);
  await mkdir(join(dir, '101'));
  await writeFile(join(dir, '101', 'node'), 'pve1\n');
  const file = join(dir, 'pct');
  const nodes = new Map([
    [2201, 'pve1'],
    [2202, 'pve2'],
  ]);
  await writeFile(
    file,
    pctScript({ binDir: dir, lxcPath: dir, namespace: 'ik-none', enter: ['env'], nodes }),
  );
  const pct = async (args: string[], port?: number) =>
    new Promise<{ code: unknown; stderr: string }>((resolve) => {
      const env = {
        PATH: process.env['PATH'],
        ...(port === undefined ? {} : { SSH_CONNECTION: `127.0.0.1 50000 127.0.0.1 ${port}` }),
      };
      execFile('/bin/sh', [file, ...args], { env }, (error, _, stderr) =>
        resolve({ code: error?.code ?? 0, stderr }),
      );
    });
  const tail = ['--keep-env', '0', '--', 'true'];
  t.match(await pct(['exec', '101', ...tail], 2201), { code: 255, stderr: /container '101' not running!/ });
  t.match(await pct(['exec', '101', ...tail], 2202), {
    code: 2,
    stderr: /'nodes\/pve2\/lxc\/101\.conf' does not exist/,
  });
  t.match(await pct(['exec', '102', ...tail]), { code: 2, stderr: /does not exist/ });
  t.match(await pct(['exec', '1;id', ...tail]), { code: 255, stderr: /Parameter verification failed/ });
  t.match(await pct(['exec', '101', '--', 'true']), { code: 255, stderr: /unknown command or arguments/ });
});

t.test('containers reach the archive through the proxy and nothing else', async (t) => {
  const server = createServer((request, answer) => answer.end(`served ${request.url ?? ''}`));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const proxy = await startAptProxy('127.0.0.1', { ...archive, servers: [`127.0.0.1:${port}`] });
  t.teardown(async () => {
    await proxy.close();
    server.close();
  });
  // A client that names a proxy, as apt does.
  const through = async (url: string) =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port: proxyPort } = new URL(proxy.url);
      get({ hostname, port: proxyPort, path: url, agent: false }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => (body += text));
        answer.on('end', () => resolve(`${answer.statusCode} ${body}`));
      }).on('error', reject);
    });
  t.equal(await through(`http://127.0.0.1:${port}/debian/x?y`), '200 served /debian/x?y');
  t.match(await through('http://127.0.0.1:1/'), /^403 /);
  t.match(await through('ftp://127.0.0.1/'), /^403 /);
});
