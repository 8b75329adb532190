import { request } from 'node:http';
import t from 'tap';
import { beginPid, encodeScript, splitEnd } from '../../../src/drivers/exec/script.js';
import type { BackendContainer } from '../../../src/sandbox/backend.js';
import { type MemoryBackend, memoryBackend } from '../../../src/sandbox/memory/containers.js';
import { testFolder } from '../../test-folder.js';

const NONCE = '0123456789abcdef';
const ADDRESS = '10.9.0.5';
const container = (vmid: number, address = ADDRESS): BackendContainer => ({
  vmid,
  node: 'pve1',
  hostname: `ct${vmid}`,
  memoryMb: 1024,
  swapMb: 512,
  cores: 1,
  diskGb: 8,
  ipv4: { address, prefix: 24, gateway: '10.9.0.1' },
  hwaddr: 'BC:24:11:00:00:01',
  nameserver: null,
});
const VALUES = {
  SITE_FQDN: 'shop.example.test',
  SITE_URL: 'https://shop.example.test',
  SITE_TITLE: `Bob's <Shop>`,
  ADMIN_USER: 'bob',
  ADMIN_EMAIL: 'bob@example.test',
  ADMIN_PASSWORD: `it's "s3cret"`,
  DB_PASSWORD: 'db',
};

interface Page {
  readonly status: number;
  readonly location: string | undefined;
  readonly cookie: string | undefined;
  readonly body: string;
}

/** As the reverse proxy would ask. */
function visit(
  backend: MemoryBackend,
  path: string,
  options: { address?: string; form?: Record<string, string>; cookie?: string; proto?: string } = {},
): Promise<Page> {
  const upstream = backend.upstreamOf(options.address ?? ADDRESS);
  if (!upstream) return Promise.reject(new Error('no upstream'));
  const body = options.form === undefined ? '' : new URLSearchParams(options.form).toString();
  const headers = {
    host: 'shop.example.test',
    'x-forwarded-proto': options.proto ?? 'https',
    ...(options.cookie === undefined ? {} : { cookie: options.cookie }),
    ...(body === '' ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(
      { ...upstream, path, method: body === '' ? 'GET' : 'POST', headers, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          const { location, 'set-cookie': cookies } = response.headers;
          const cookie = cookies?.[0]?.split(';')[0];
          resolve({ status: response.statusCode ?? 0, location, cookie, body: text });
        });
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

async function play(
  backend: MemoryBackend,
  vmid: number,
  name: string,
  values: Record<string, string> = {},
): Promise<{ code: number | undefined; stderr: string }> {
  const { stdout, stderr, code } = await backend.exec(
    vmid,
    encodeScript({ name, body: 'true', values }, NONCE),
  );
  if (code !== 0) return { code, stderr };
  return { code: splitEnd(stdout, NONCE).exitCode, stderr };
}

t.test(
  'a configured clone of the golden template is a WordPress that shows its title and logs in',
  async (t) => {
    const backend = await memoryBackend();
    t.teardown(() => backend.close());
    await backend.clone(container(101), 9001);
    t.equal(backend.upstreamOf(ADDRESS), undefined, 'a stopped container is nowhere');
    await backend.start(container(101));
    t.equal((await visit(backend, '/')).status, 503, 'not configured yet');
    t.same(await play(backend, 101, 'wordpress/configure', VALUES), { code: 0, stderr: '' });
    const front = await visit(backend, '/');
    t.equal(front.status, 200);
    t.match(front.body, '<title>Bob&#039;s &lt;Shop&gt;</title>');
    t.match(await visit(backend, '/', { proto: 'http' }), {
      status: 301,
      location: 'https://shop.example.test/',
    });

    t.match((await visit(backend, '/wp-login.php')).body, 'name="log"');
    const wrong = await visit(backend, '/wp-login.php', { form: { log: 'bob', pwd: 'no' } });
    t.equal(wrong.status, 200);
    t.match(wrong.body, 'id="login_error"');
    const right = await visit(backend, '/wp-login.php', { form: { log: 'bob', pwd: VALUES.ADMIN_PASSWORD } });
    t.match(right, { status: 302, location: 'https://shop.example.test/wp-admin/' });
    const form = { log: 'bob', pwd: VALUES.ADMIN_PASSWORD, testcookie: '1' };
    t.match((await visit(backend, '/wp-login.php', { form })).body, 'Cookies are blocked');
    t.match(right.cookie, /^wordpress_logged_in_[0-9a-f]{32}=/);
    t.equal((await visit(backend, '/wp-admin/', { cookie: right.cookie ?? '' })).status, 200);
    t.match(await visit(backend, '/wp-admin/'), { status: 302, location: /wp-login.php/ });
    t.match(await visit(backend, '/wp-admin/', { cookie: `${right.cookie ?? ''}x` }), { status: 302 });
  },
);

t.test('a plain container must be installed first', async (t) => {
  const backend = await memoryBackend();
  t.teardown(() => backend.close());
  await backend.create(container(101), 'local:vztmpl/debian.tar.zst');
  const early = await play(backend, 101, 'wordpress/configure', VALUES);
  t.same(early, { code: 255, stderr: `container '101' not running!\n` });
  await backend.start(container(101));
  await t.rejects(visit(backend, '/'), /hang up|ECONNRESET/, 'no web server in it');
  t.match(await play(backend, 101, 'wordpress/configure', VALUES), { code: 1, stderr: /wp-load/ });
  t.match(await play(backend, 101, 'wordpress/install-packages'), { code: 0 });
  const lacking = { ...VALUES, SITE_TITLE: '' };
  t.match(await play(backend, 101, 'wordpress/configure', lacking), { code: 2, stderr: /SITE_TITLE/ });
  t.match(await play(backend, 101, 'wordpress/configure', VALUES), { code: 0 });
  t.equal((await visit(backend, '/')).status, 200);
  t.match(await play(backend, 101, 'wordpress/clean'), { code: 0 });
  t.equal(backend.diskOf(101)?.site, undefined);
  t.match(await play(backend, 101, 'no/such'), { code: 127, stderr: /not found/ });
});

t.test('snapshots keep the disk; clones are their own; destroy drops it', async (t) => {
  const backend = await memoryBackend();
  t.teardown(() => backend.close());
  await backend.clone(container(101), 9001);
  await backend.start(container(101));
  await play(backend, 101, 'wordpress/configure', VALUES);
  await backend.snapshot(101, 'initial');
  await play(backend, 101, 'wordpress/configure', { ...VALUES, SITE_TITLE: 'Changed' });
  await backend.clone(container(102, '10.9.0.6'), 101);
  await backend.start(container(102, '10.9.0.6'));
  await backend.stop(101);
  await backend.rollback(101, 'initial');
  await backend.start(container(101));
  t.match((await visit(backend, '/')).body, '<title>Bob&#039;s');
  t.match((await visit(backend, '/', { address: '10.9.0.6' })).body, '<title>Changed</title>');
  await t.rejects(backend.rollback(101, 'none'), /no snapshot none/);
  await backend.destroy(101);
  t.equal(backend.upstreamOf(ADDRESS), undefined);
  t.equal(backend.diskOf(101), undefined);
  await t.rejects(backend.start(container(101)), /no disk/);
});

t.test('a script ends with its container', async (t) => {
  const slow = { 'slow/one': { takesMs: 200, play: () => ({ code: 0, stdout: '', stderr: '' }) } };
  const backend = await memoryBackend({ scripts: slow, delays: 1 });
  t.teardown(() => backend.close());
  await backend.clone(container(101), 9001);
  await backend.start(container(101));
  const running = play(backend, 101, 'slow/one');
  await backend.stop(101);
  t.match(await running, { code: 137 });
});

t.test('a script tells its number first and can be ended by it', async (t) => {
  const slow = { 'slow/one': { takesMs: 60_000, play: () => ({ code: 0, stdout: '', stderr: '' }) } };
  const backend = await memoryBackend({ scripts: slow, delays: 1 });
  t.teardown(() => backend.close());
  await backend.clone(container(101), 9001);
  await backend.start(container(101));
  let head = '';
  const stdin = encodeScript({ name: 'slow/one', body: 'true', values: {} }, NONCE);
  const running = backend.exec(101, stdin, (chunk) => (head += chunk));
  const pid = beginPid(head, NONCE);
  t.ok(pid);
  await play(backend, 101, 'innkeeper/stop-script', { SHELL_PID: String(pid) });
  t.same(await running, { code: 137, stdout: '', stderr: '' });
});

t.test('a world that was killed finds its disks, and runs what ran', async (t) => {
  const stateFile = `${testFolder(t)}/memory.json`;
  const first = await memoryBackend({ stateFile });
  t.teardown(() => first.close());
  await first.clone(container(101), 9001);
  await first.start(container(101));
  await play(first, 101, 'wordpress/configure', VALUES);
  const second = await memoryBackend({ stateFile });
  t.teardown(() => second.close());
  t.equal(await second.isRunning(101), true);
  t.equal((await visit(second, '/')).status, 200);
});
