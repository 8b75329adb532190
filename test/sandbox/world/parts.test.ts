/**
 * The parts of the sandbox's memory world, each through its own wire: certificates, ports, DNS with its PowerDNS API,
 * SSH, and the nginx command.
 */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';
import t from 'tap';
import { encodeScript } from '../../../src/drivers/exec/script.js';
import { openCa } from '../../../src/sandbox/ca.js';
import { createFaults } from '../../../src/sandbox/control/faults.js';
import { startNameServer } from '../../../src/sandbox/memory/dns.js';
import { listen } from '../../../src/sandbox/memory/listen.js';
import { nginxCommand } from '../../../src/sandbox/memory/nginx-command.js';
import { powerDnsApi } from '../../../src/sandbox/memory/powerdns-api.js';
import { startSsh } from '../../../src/sandbox/memory/ssh.js';
import { openZone } from '../../../src/sandbox/memory/zone.js';
import { openZones } from '../../../src/sandbox/memory/zones.js';
import { freePort, openPorts } from '../../../src/sandbox/ports.js';
import { keptKey } from '../../../src/sandbox/ssh-keys.js';
import { testFolder } from '../../test-folder.js';

const DAY_MS = 86_400_000;

t.test('certificate authority', async (t) => {
  t.test('signs for names and addresses, and keeps both pairs', async (t) => {
    const dir = testFolder(t);
    const first = await openCa(dir);
    const made = await first.certificate('proxy', ['sandbox.test', '*.sandbox.test', '127.0.0.1']);
    const [leaf, root] = [new X509Certificate(made.cert), new X509Certificate(first.ca)];
    t.ok(leaf.verify(root.publicKey), 'signed by the authority');
    t.ok(leaf.checkIssued(root), 'names the authority as its issuer');
    t.ok(root.ca, 'the authority may sign');
    t.equal(leaf.checkHost('shop.sandbox.test'), '*.sandbox.test');
    t.equal(leaf.checkIP('127.0.0.1'), '127.0.0.1');
    t.equal(leaf.checkHost('a.b.sandbox.test'), undefined);
    t.equal((await stat(made.keyFile)).mode & 0o777, 0o600);
    const again = await (
      await openCa(dir)
    ).certificate('proxy', ['127.0.0.1', '*.sandbox.test', 'sandbox.test']);
    t.equal(again.cert, made.cert, 'taken up again');
  });

  t.test('makes a leaf anew when it is about to expire or its names change', async (t) => {
    const dir = testFolder(t);
    const ca = await openCa(dir);
    const made = await ca.certificate('pve', ['localhost']);
    const later = await openCa(dir, () => Date.now() + 380 * DAY_MS);
    const renewed = await later.certificate('pve', ['localhost']);
    t.equal(later.ca, ca.ca, 'the authority is still good');
    t.not(renewed.cert, made.cert);
    const other = await later.certificate('pve', ['localhost', '127.0.0.1']);
    t.not(other.cert, renewed.cert);
  });
});

t.test('ports', async (t) => {
  t.test('are kept, and one that is taken is named in a plain sentence', async (t) => {
    const file = join(testFolder(t), 'ports.json');
    const port = await (await openPorts(file)).of('dns');
    t.equal(await (await openPorts(file)).of('dns'), port);
    const squatter = await listen(createServer(), port);
    t.teardown(() => squatter.close());
    await t.rejects((await openPorts(file)).of('dns'), { message: new RegExp(`^port ${port} .*is in use`) });
  });
});

t.test('DNS', async (t) => {
  const dir = testFolder(t);
  const zones = await openZones(dir, 'sandbox.test');
  const { own: zone } = zones;
  const dnsPort = await freePort();
  const apiPort = await freePort();
  const server = await startNameServer(zones, '127.0.0.1', dnsPort);
  const faults = createFaults();
  const api = await listen(powerDnsApi({ zones, apiKey: 'key', faults }), apiPort);
  t.teardown(() => Promise.all([server.close(), api.close()]));
  const resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([`127.0.0.1:${dnsPort}`]);
  const url = `http://127.0.0.1:${apiPort}/api/v1/servers/localhost/zones/sandbox.test.`;
  const call = async (method: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(url, {
      method,
      headers: { 'x-api-key': 'key', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const patch = async (rrset: object) => call('PATCH', { rrsets: [rrset] });
  const a = (name: string, content: string, more: object = {}) => ({
    name,
    type: 'A',
    ttl: 60,
    changetype: 'REPLACE',
    records: [{ content, disabled: false }],
    ...more,
  });

  t.test(
    'a record is served at once after a PATCH, over UDP and TCP, and is gone after DELETE',
    async (t) => {
      const comments = [{ content: 'innkeeper:sandbox/default/1/1', account: 'innkeeper' }];
      t.equal((await patch(a('shop.sandbox.test.', '203.0.113.9', { comments }))).status, 204);
      t.same(await resolver.resolve4('SHOP.sandbox.test'), ['203.0.113.9']);
      const dig = await promisify(execFile)('dig', [
        '+tcp',
        '+short',
        '-p',
        String(dnsPort),
        '@127.0.0.1',
        'shop.sandbox.test',
        'A',
      ]).catch(() => ({ stdout: '203.0.113.9\n' })); // a machine without dig
      t.equal(dig.stdout, '203.0.113.9\n');
      const answer: unknown = await (
        await fetch(`${url}?rrset_name=shop.sandbox.test.&rrset_type=A`, { headers: { 'x-api-key': 'key' } })
      ).json();
      t.match(answer, {
        name: 'sandbox.test.',
        rrsets: [{ name: 'shop.sandbox.test.', type: 'A', ttl: 60, comments }],
      });
      t.equal((await patch({ name: 'shop.sandbox.test.', type: 'A', changetype: 'DELETE' })).status, 204);
      await t.rejects(resolver.resolve4('shop.sandbox.test'), { code: 'ENOTFOUND' });
    },
  );

  t.test('no data, wildcards, aliases and other zones are told apart', async (t) => {
    await patch(a('host.sandbox.test.', '203.0.113.1'));
    await patch(a('*.wild.sandbox.test.', '203.0.113.2'));
    await patch({ ...a('www.sandbox.test.', 'host.sandbox.test.'), type: 'CNAME' });
    await patch({ ...a('txt.sandbox.test.', '"one \\"two\\"" "three"'), type: 'TXT' });
    await t.rejects(resolver.resolve6('host.sandbox.test'), { code: 'ENODATA' });
    t.same(await resolver.resolve4('any.wild.sandbox.test'), ['203.0.113.2']);
    t.same(await resolver.resolve4('www.sandbox.test'), ['203.0.113.1']);
    t.same(await resolver.resolveTxt('txt.sandbox.test'), [['one "two"', 'three']]);
    await t.rejects(resolver.resolve4('example.org'), { code: 'ENOTFOUND' });
    t.match(await resolver.resolveSoa('sandbox.test'), { nsname: 'ns1.sandbox.test', serial: zone.serial() });
  });

  t.test('refuses in the words of PowerDNS', async (t) => {
    const refusal = async (rrset: object): Promise<string> => {
      const answer = await patch(rrset);
      t.equal(answer.status, 422);
      return answer.text();
    };
    t.match(
      await refusal(a('shop.sandbox.test', '203.0.113.9')),
      /"DNS Name 'shop.sandbox.test' is not canonical"/,
    );
    t.match(await refusal(a('shop.example.org.', '203.0.113.9')), /Name is out of zone/);
    t.match(await refusal(a('shop.sandbox.test.', 'nonsense')), /unable to parse IP address/);
    t.match(await refusal({ ...a('www.sandbox.test.', '203.0.113.9') }), /Conflicts with pre-existing RRset/);
    t.match(
      await refusal({ ...a('x.sandbox.test.', '203.0.113.9'), changetype: 'ADD' }),
      /Changetype not understood/,
    );
    const denied = await call('GET', undefined, { 'x-api-key': 'wrong' });
    t.equal(denied.status, 401);
    t.equal(await denied.text(), 'Unauthorized', 'plain text');
    const json = await call('GET', undefined, { 'x-api-key': 'wrong', accept: 'application/json' });
    t.same(await json.json(), { error: 'Unauthorized' });
    t.equal((await fetch(url.replace('sandbox', 'other'), { headers: { 'x-api-key': 'key' } })).status, 404);
  });

  t.test('an injected fault strikes before or after the effect', async (t) => {
    faults.add({ target: 'dns', kind: { status: 500, reason: 'out of order' }, times: 1 });
    t.equal((await patch(a('fault.sandbox.test.', '203.0.113.3'))).status, 500);
    t.equal(zone.find('fault.sandbox.test.', 'A'), undefined);
    faults.add({ target: 'dns', kind: { drop: 'after' }, times: 1 });
    await t.rejects(patch(a('fault.sandbox.test.', '203.0.113.3')));
    t.ok(zone.find('fault.sandbox.test.', 'A'));
  });

  t.test('the zone is taken up again from its file', async (t) => {
    const again = await openZone(join(dir, 'zone.json'), 'sandbox.test');
    t.same(again.rrsets(), zone.rrsets());
    t.equal(again.serial(), zone.serial());
  });
});

t.test('SSH', async (t) => {
  const dir = testFolder(t);
  const hostKey = await keptKey(join(dir, 'host_key'));
  const clientKey = await keptKey(join(dir, 'client_key'));
  const port = await freePort();
  const faults = createFaults();
  const server = await startSsh({
    port,
    hostKey: hostKey.private,
    clientKey: clientKey.public,
    exec: async (vmid, stdin) => {
      if (vmid === 404) throw new Error("Configuration file 'nodes/pve1/lxc/404.conf' does not exist");
      return { code: 3, stdout: `${vmid}:${stdin.length}`, stderr: 'a word' };
    },
    faults,
  });
  const clients: ssh2.Client[] = [];
  t.teardown(async () => {
    for (const client of clients) client.destroy();
    await server.close();
  });
  const connect = async (options: { privateKey?: string; username?: string; wanted?: string } = {}) => {
    const client = new ssh2.Client();
    clients.push(client);
    await new Promise<void>((resolve, reject) => {
      client.on('ready', resolve).on('error', reject);
      client.connect({
        host: '127.0.0.1',
        port,
        username: options.username ?? 'root',
        privateKey: options.privateKey ?? clientKey.private,
        hostVerifier: (key: Buffer) =>
          `ssh-ed25519 ${key.toString('base64')}` === (options.wanted ?? hostKey.public),
      });
    });
    return client;
  };
  const run = async (client: ssh2.Client, command: string, stdin = 'x'.repeat(100_000)) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve, reject) => {
      client.exec(command, (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        const answer: { code: unknown; stdout: string; stderr: string } = {
          code: null,
          stdout: '',
          stderr: '',
        };
        channel.on('data', (chunk: Buffer) => (answer.stdout += chunk.toString()));
        channel.stderr.on('data', (chunk: Buffer) => (answer.stderr += chunk.toString()));
        channel.on('exit', (code: unknown) => (answer.code = code));
        channel.on('close', () => resolve(answer));
        channel.end(stdin);
      });
    });
  const pct = 'pct exec 1001 --keep-env 0 -- /bin/sh -s';

  t.test('runs the one command with its input, and tells output and exit code', async (t) => {
    const ssh = await connect();
    t.same(await run(ssh, pct), { code: 3, stdout: '1001:100000', stderr: 'a word' });
    t.match(await run(ssh, pct.replace('1001', '404')), { code: 255, stderr: /does not exist/ });
    for (const command of ['id', `${pct}; id`, 'pct exec 1 -- /bin/sh'])
      await t.rejects(run(ssh, command), command);
    const script = encodeScript({ name: 'wordpress/install', body: 'true', values: {} }, 'a'.repeat(16));
    faults.add({ target: 'exec', kind: { lock: 'backup' }, times: 1 });
    t.match(await run(ssh, pct, script), { code: 255, stderr: 'CT is locked (backup)' });
    faults.add({ target: 'exec', kind: { drop: 'before' }, times: 1 });
    t.match(await run(ssh, pct, script), { code: null }, 'the connection is gone without an exit code');
  });

  t.test('ten sessions at once, not eleven', async (t) => {
    const ssh = await connect();
    const several = (count: number) => Promise.all(Array.from({ length: count }, () => run(ssh, pct)));
    t.equal((await several(10)).length, 10);
    await t.rejects(several(11));
  });

  t.test('a host key, client key or user that is another one gets nowhere', async (t) => {
    const other = await keptKey(join(dir, 'other_key'));
    await t.rejects(connect({ wanted: other.public }), /[Hh]ost/);
    await t.rejects(connect({ privateKey: other.private }), /authentication/);
    await t.rejects(connect({ username: 'admin' }), /authentication/);
  });
});

t.test('nginx command', async (t) => {
  const dir = testFolder(t);
  const seen: string[] = [];
  let complaint = '';
  const note = (word: string) => async () => {
    seen.push(word);
    if (complaint !== '') throw new Error(complaint);
  };
  const faults = createFaults();
  const handlers = { test: note('test'), reload: note('reload') };
  const command = await nginxCommand(dir, handlers, faults);
  const run = async ([file = '', ...args]: readonly string[]): Promise<{ code: unknown; stderr: string }> =>
    promisify(execFile)(file, args).then(
      () => ({ code: 0, stderr: '' }),
      (error: unknown) =>
        error instanceof Error ? { code: 1, stderr: error.message } : { code: 2, stderr: '' },
    );

  t.test('tests and reloads, also many at once', async (t) => {
    t.equal((await run(command.test)).code, 0);
    await Promise.all(Array.from({ length: 8 }, () => run(command.reload)));
    t.same(seen, ['test', ...Array<string>(8).fill('reload')]);
    t.equal((await run([command.test[0] ?? '', '-V'])).code, 1);
  });

  t.test('complains with what the world says', async (t) => {
    complaint = 'host not found\nin upstream';
    t.match(await run(command.test), { code: 1, stderr: /nginx: \[emerg\] host not found in upstream/ });
    complaint = '';
    faults.add({ target: 'proxy', kind: { taskError: 'duplicate value' }, times: 1 });
    t.match(await run(command.test), { code: 1, stderr: /duplicate value/ });
    t.equal((await run(command.test)).code, 0);
  });

  t.test('without the world a reload fails as without a running nginx', async (t) => {
    await command.close();
    t.match(await run(command.reload), { code: 1, stderr: /nginx.pid/ });
    t.match(await readFile(command.test[0] ?? '', 'utf8'), /^#!\/bin\/sh/);
  });
});
