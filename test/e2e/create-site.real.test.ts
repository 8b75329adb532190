/**
 * The main job for real: a panel's PHP client orders sites, and real containers, DNS, proxy and WordPress come of it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { Type } from 'typebox';
import { parse, stringify } from 'yaml';
import { innkeeper as operate } from './operator.js';
import { checked, command, get, innkeeper, panel, readText, startDaemon, startWorld } from './processes.js';
import { Visitor } from './visitor.js';

const PUBLIC_IP = '203.0.113.10';
const Containers = Type.Object({
  containers: Type.Array(
    Type.Object({
      vmid: Type.Integer(),
      config: Type.Record(Type.String(), Type.String()),
      snapshots: Type.Record(Type.String(), Type.Unknown()),
    }),
  ),
});
const Job = Type.Object({
  status: Type.String(),
  error: Type.Unknown(),
  steps: Type.Array(Type.Object({ name: Type.String(), status: Type.String() })),
});
const Order = Type.Object({
  success: Type.Literal(true),
  service_id: Type.String(),
  subdomain: Type.String(),
  fqdn: Type.String(),
  status: Type.String(),
  job_id: Type.String(),
});
const Status = Type.Object({ status: Type.String(), vmid: Type.Integer(), private_ip: Type.String() });
const Credentials = Type.Object({ username: Type.String(), password: Type.String() });

const Doctor = Type.Object({
  ok: Type.Boolean(),
  checks: Type.Array(Type.Object({ name: Type.String(), state: Type.String(), found: Type.String() })),
});

const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-e2e-'));
let world = await startWorld(stateDir);
const ready = world.told;
const configFile = join(stateDir, 'innkeeper.yaml');
let daemon: Awaited<ReturnType<typeof startDaemon>> | undefined;
t.teardown(async () => {
  await daemon?.stop();
  await world.stop();
  await rm(stateDir, { recursive: true, force: true });
});

async function order(id: string, email: string) {
  return checked(Order, await panel(ready, 'createSite', id, email, 'WordPress Basic', PUBLIC_IP));
}

/** Until the order's job has ended; rejects with the job when it did not end well. */
async function completed(jobId: string): Promise<void> {
  const deadline = Date.now() + 10 * 60_000;
  while (Date.now() < deadline) {
    const job = await get(ready, `/jobs/${jobId}`, Job);
    if (job.status === 'completed') return;
    if (['failed', 'stuck', 'cancelled'].includes(job.status)) throw new Error(JSON.stringify(job, null, 1));
    await delay(200);
  }
  throw new Error(
    `job ${jobId} did not end: ${JSON.stringify(await get(ready, `/jobs/${jobId}`, Job), null, 1)}`,
  );
}

async function statusOf(id: string) {
  return checked(Status, await panel(ready, 'status', id));
}

async function containers() {
  return (await get(ready, `${ready.control}/containers`, Containers)).containers;
}

async function inside(vmid: number, script: string): Promise<string> {
  return command(join(stateDir, 'bin', 'pct'), [
    'exec',
    String(vmid),
    '--keep-env',
    '0',
    '--',
    '/bin/sh',
    '-c',
    script,
  ]);
}

/**
 * What another customer's container hears from the site at this address, until the end: an unfinished WordPress asks
 * its first visitor for a database.
 */
async function watchAsNeighbour(vmid: number, address: string, end: AbortSignal): Promise<Set<string>> {
  const php = `foreach (["/", "/wp-admin/setup-config.php", "/wp-admin/install.php"] as $path) {
    $http = ["follow_location" => 0, "ignore_errors" => true, "timeout" => 5, "header" => "X-Forwarded-For: 127.0.0.1"];
    $http_response_header = [];
    @file_get_contents("http://${address}$path", false, stream_context_create(["http" => $http]));
    $to = preg_grep("/^Location:.*(setup-config|install)/i", $http_response_header);
    echo "$path: ", $to ? "-> ".end($to) : explode(" ", $http_response_header[0] ?? "no answer")[1], "\n";
  }`;
  const heard = new Set<string>();
  while (!end.aborted) {
    for (const line of (await inside(vmid, `php -r '${php}'`)).split('\n')) if (line !== '') heard.add(line);
    // without a pause it takes a core from what it watches
    await delay(250);
  }
  return heard;
}

t.test('makes the golden template on the container host, unless an earlier world left it', async (t) => {
  const isThere = async () => (await containers()).some(({ config }) => config['template'] === '1');
  if (!(await isThere()))
    t.comment(await innkeeper('template', 'build', 'wordpress', '--config', configFile));
  t.equal(await isThere(), true);
});

t.test('a panel orders a site and gets one that works', async (t) => {
  daemon = await startDaemon(ready.api, configFile);
  const made = await order('12', 'anna@example.com');
  t.equal(made.status, 'processing');
  t.same(await order('12', 'anna@example.com'), made, 'the same call again is the same order');
  await t.rejects(order('12', 'other@example.com'), /HTTP 409/);
  await completed(made.job_id);
  const status = await statusOf('12');
  t.equal(status.status, 'running');

  const visitor = new Visitor(ready, made.fqdn);
  t.same(await visitor.resolve(), [PUBLIC_IP], 'its name leads to the public address');
  const dig = ['+short', `@${ready.dns.host}`, '-p', String(ready.dns.port), made.fqdn, 'A'];
  t.equal((await command('dig', dig)).trim(), PUBLIC_IP);
  const page = await visitor.open('/');
  t.equal(page.status, 200);
  t.match(page.title, new RegExp(made.subdomain, 'i'), 'its front page shows its title');
  const base = made.fqdn.slice(made.subdomain.length + 1);
  t.match(page.names, `DNS:*.${base}`, 'the certificate, signed by the CA, is for the name');
  const { username, password } = await get(ready, '/services/12/credentials', Credentials);
  const admin = await visitor.logIn(username, password);
  t.equal(admin.status, 200);
  t.match(admin.body, /wp-admin-bar/, 'the administrator gets in');
  t.match(await new Visitor(ready, made.fqdn).logIn(username, 'wrong'), { status: 200, title: /log in/i });
  t.match(await visitor.open('/wp-json/'), { status: 200 }, 'permalinks work');

  const container = (await containers()).find(({ vmid }) => vmid === status.vmid);
  t.ok(container?.snapshots['initial'], 'the snapshot `initial` is there');
});

t.test('eight sites ordered at once all come up, none the twin of another', async (t) => {
  const ids = ['21', '22', '23', '24', '25', '26', '27', '28'];
  const from = performance.now();
  const orders = await Promise.all(ids.map((id) => order(id, `site${id}@example.com`)));
  await Promise.all(orders.map(({ job_id }) => completed(job_id)));
  t.comment(`eight sites in ${Math.round(performance.now() - from)} ms`);
  const pages = await Promise.all(orders.map(({ fqdn }) => new Visitor(ready, fqdn).open('/')));
  for (const [n, page] of pages.entries()) t.match(page.title, new RegExp(orders[n]?.subdomain ?? 'no', 'i'));

  const all = await Promise.all(['12', ...ids].map(statusOf));
  t.equal(new Set(all.map(({ private_ip }) => private_ip)).size, all.length, 'own addresses');
  for (const file of [
    '/etc/machine-id',
    '/etc/ssh/ssh_host_ed25519_key.pub',
    '/sys/class/net/eth0/address',
  ]) {
    const values = await Promise.all(all.map(({ vmid }) => inside(vmid, `cut -d ' ' -f 1,2 ${file}`)));
    t.notOk(values.includes(''), `${file} is not empty`);
    t.equal(new Set(values).size, all.length, `own ${file}`);
  }
});

t.test('a daemon that is killed while it makes a site finishes it when it is back', async (t) => {
  const made = await order('31', 'karl@example.com');
  await delay(700);
  await daemon?.stop('SIGKILL');
  daemon = await startDaemon(ready.api, configFile);
  await completed(made.job_id);
  t.match((await new Visitor(ready, made.fqdn).open('/')).title, new RegExp(made.subdomain, 'i'));
  const named = (await containers()).filter(({ config }) => config['hostname']?.startsWith(made.subdomain));
  t.equal(named.length, 1, 'one container, not two');
});

t.test('a world that is killed is taken up again with its sites', async (t) => {
  await world.stop('SIGKILL');
  world = await startWorld(stateDir);
  t.same(world.told, ready, 'everything is where it was');
  const { fqdn, subdomain } = await order('12', 'anna@example.com');
  const deadline = Date.now() + 180_000; // the containers boot again
  let page = await new Visitor(ready, fqdn).open('/');
  while (page.status !== 200 && Date.now() < deadline) {
    await delay(100);
    page = await new Visitor(ready, fqdn).open('/');
  }
  t.match(page.title, new RegExp(subdomain, 'i'));
});

t.test('makes a site from scratch where there is no template', async (t) => {
  await daemon?.stop();
  const config: unknown = parse(await readText(configFile));
  const scratchFile = join(stateDir, 'scratch.yaml');
  const products = { wordpress: { source: 'scratch' } };
  await writeFile(scratchFile, stringify({ ...checked(Type.Object({}), config), products }), { mode: 0o600 });
  daemon = await startDaemon(ready.api, scratchFile);
  const made = await order('41', 'scratch@example.com');
  const neighbour = await statusOf('12');
  const ended = new AbortController();
  const met = watchAsNeighbour(neighbour.vmid, (await statusOf('41')).private_ip, ended.signal);
  await completed(made.job_id).finally(() => ended.abort());
  const answers = await met;
  t.comment([...answers].join(', '));
  t.ok(answers.has('/: 503'), 'while it is made, whoever knows its address is sent away');
  t.notMatch([...answers].join('\n'), /-> |setup-config.php: 200/, 'and never gets to set it up himself');
  const visitor = new Visitor(ready, made.fqdn);
  t.match((await visitor.open('/')).title, new RegExp(made.subdomain, 'i'));
  const { username, password } = await get(ready, '/services/41/credentials', Credentials);
  t.equal((await visitor.logIn(username, password)).status, 200);
});

t.test('the doctor finds all well, beside the daemon and without one', async (t) => {
  /** A daemon that has run and does not is wrong, and nothing else is. */
  const look = async (isRunning: boolean): Promise<void> => {
    const { code, out } = await operate({ configFile }, 'doctor', '--json');
    const told = checked(Doctor, JSON.parse(out));
    for (const { name, state, found } of told.checks)
      t.equal(state, isRunning || name !== 'daemon' ? 'ok' : 'wrong', `${name}: ${found}`);
    t.same({ code, ok: told.ok }, isRunning ? { code: 0, ok: true } : { code: 1, ok: false });
  };
  await look(true);
  await daemon?.stop();
  daemon = undefined;
  await look(false);
  daemon = await startDaemon(ready.api, configFile);
});

t.test('leaves nothing on the machine when it is stopped', async (t) => {
  t.equal(await daemon?.stop(), 0);
  const id = checked(
    Type.Object({ id: Type.String() }),
    JSON.parse(await readText(join(stateDir, 'lxc-world.json'))),
  ).id;
  t.ok(existsSync(`/run/netns/ik-${id}`));
  t.equal(await world.stop(), 0);
  t.notOk(existsSync(`/run/netns/ik-${id}`), 'no network namespace');
  t.notMatch(readFileSync('/proc/mounts', 'utf8'), id, 'no mount');
  t.notMatch((await readdir('/run/innkeeper-sandbox')).join(' '), id, 'no record');
  const commands = (await command('ps', ['-eo', 'args']))
    .split('\n')
    .filter((line) => line.includes(id) || line.includes(stateDir));
  t.same(commands, [], 'no process');
});
