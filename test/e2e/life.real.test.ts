/**
 * A site's whole life for real: a panel's PHP extension calls, and real containers, disks, DNS and proxy follow, the
 * site's content with them.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { Type } from 'typebox';
import { parse, stringify } from 'yaml';
import { type Authority, makeZone, startAuthority } from './customer-domain.js';
import { machineUnder } from './life-machine.js';
import {
  checked,
  extension,
  get,
  type HookOptions,
  innkeeper,
  panel,
  type PanelService,
  readText,
  startDaemon,
  startWorld,
} from './processes.js';
import { Visitor } from './visitor.js';

/** Of this machine: the certificate authority has to reach the proxy there. */
const PUBLIC_IP = '127.0.0.1';
const DOMAIN = 'anna-shop.com';
const GIB = 1024 ** 3;
const Containers = Type.Object({
  containers: Type.Array(
    Type.Object({ vmid: Type.Integer(), config: Type.Record(Type.String(), Type.String()) }),
  ),
});
const Created = Type.Object({
  success: Type.Literal(true),
  data: Type.Object({ subdomain: Type.String(), fqdn: Type.String(), job_id: Type.String() }),
});
const Status = Type.Object({
  status: Type.String(),
  plan: Type.String(),
  vmid: Type.Union([Type.Integer(), Type.Null()]),
  job: Type.Union([Type.Null(), Type.Object({ method: Type.String(), status: Type.String() })]),
  resources: Type.Object({ memory: Type.String(), disk: Type.String() }),
});
const Backups = Type.Object({
  success: Type.Literal(true),
  backups: Type.Array(Type.String()),
  quota: Type.String(),
});
const View = Type.Object({
  subdomain: Type.String(),
  state: Type.String(),
  backups: Type.Unknown(),
  customDomains: Type.Unknown(),
  notice: Type.String(),
});
const Domains = Type.Object({
  domains: Type.Array(Type.String()),
  details: Type.Array(Type.Object({ certificate: Type.Object({ state: Type.String() }) })),
  quota: Type.String(),
});
const Detail = Type.Object({
  generation: Type.Integer(),
  snapshots: Type.Array(Type.Object({ name: Type.String(), kind: Type.String() })),
});

const stateDir = await mkdtemp(join(tmpdir(), 'innkeeper-life-'));
const world = await startWorld(stateDir);
const ready = world.told;
const configFile = join(stateDir, 'own.yaml');
let daemon: Awaited<ReturnType<typeof startDaemon>> | undefined;
let authority: Authority | undefined;
t.teardown(async () => {
  await daemon?.stop();
  await authority?.stop();
  await world.stop();
  await rm(stateDir, { recursive: true, force: true });
});
const machine = await machineUnder(stateDir);

/** The panel's own record of the service. */
let service: PanelService = {
  id: 12,
  status: 'active',
  email: 'anna@example.com',
  product: 'WordPress Hosting',
  plan: 'WordPress Basic',
};

async function statusOf() {
  return checked(Status, await panel(ready, 'status', '12'));
}

/** Until nothing is under way; rejects when a job got stuck. */
async function settled() {
  const deadline = Date.now() + 5 * 60_000;
  for (;;) {
    const status = await get(ready, '/status?service_id=12', Status);
    if (status.job === null) return status;
    if (status.job.status === 'stuck' || Date.now() > deadline) throw new Error(JSON.stringify(status));
    await delay(100);
  }
}

/** One hook of the extension and what the agent does of it, to its end. */
async function hook(name: string, options?: HookOptions): Promise<unknown> {
  const from = performance.now();
  const answer = await extension(ready, name, service, options);
  const answered = performance.now() - from;
  await settled();
  t.comment(`${name}: answer ${Math.round(answered)} ms, end ${Math.round(performance.now() - from)} ms`);
  return answer;
}

/** The client area after its form was sent. */
async function view(input: Readonly<Record<string, string>> = {}) {
  const shown = checked(View, await hook('getView', { input, tellsBody: true }));
  return { ...shown, ...checked(Type.Object({ backups: Backups }), shown) };
}

async function backup(): Promise<string> {
  const before = (await view()).backups.backups;
  const { backups, notice } = await view({ pwx_action: 'mk_backup' });
  t.equal(notice, 'Backup created');
  const name = backups.backups.find((one) => !before.includes(one));
  return checked(Type.String({ pattern: String.raw`^BAK\d{8}-\d+$` }), name);
}

const POST = '/var/www/wordpress/wp-content/uploads/kept.txt';
let [fqdn, subdomain, vmid] = ['', '', 0];
const visitor = () => new Visitor(ready, fqdn);

/** Changes the site as its customer does: a post in its database and a file that was uploaded. */
async function write(text: string): Promise<void> {
  const sql = `UPDATE wp_posts SET post_title = '${text}' WHERE ID = 1`;
  const file = `mkdir -p ${POST.replace(/[^/]*$/, '')} && echo '${text}' >${POST}`;
  await machine.inside(vmid, `mariadb wordpress -e "${sql}" && ${file}`);
}

/**
 * A container that was just started boots for a moment: no web server before PHP and database, so that visitors see
 * the proxy's page and no error of its own.
 */
async function openWhenUp(path: string) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const page = await visitor().open(path);
    const boots = page.status === 503 && /page reloads automatically/.test(page.body);
    if (!boots || Date.now() > deadline) return page;
    await delay(50);
  }
}

/** What visitors see of what `write` wrote. */
async function content() {
  const front = await openWhenUp('/');
  const file = await visitor().open('/wp-content/uploads/kept.txt');
  return {
    status: front.status,
    ours: new RegExp(subdomain, 'i').test(front.title),
    post: /Kept [a-z]+|Hello world!/.exec(front.body)?.[0],
    file: file.status === 200 ? file.body.trim() : file.status,
  };
}
const kept = (text: string) => ({ status: 200, ours: true, post: text, file: text });
const DELIVERED = { status: 200, ours: true, post: 'Hello world!', file: 404 };

async function limits() {
  const [memory, cores, disk] = await Promise.all([
    machine.memoryLimit(vmid),
    machine.cores(vmid),
    machine.diskLimit(vmid),
  ]);
  return { memory, cores, disk };
}
const BASIC = { memory: 2 * GIB, cores: 2, disk: 20 * GIB };
const PREMIUM = { memory: 8 * GIB, cores: 4, disk: 80 * GIB };
/** Takes room on the disk and gives it back. */
const fill = (gib: number) =>
  machine.inside(vmid, `fallocate -l ${gib}G /var/fill && echo fits || echo full; rm -f /var/fill`);

/** The customer's own name, seen by somebody who trusts its certificate authority. */
const domainVisitor = (host = DOMAIN) =>
  new Visitor({ ...ready, ca_file: authority?.trustFile ?? ready.ca_file }, host);

/** HTTP status; 0 when there is not even a certificate for the name. */
const statusFor = (one: Visitor): Promise<number> =>
  one.open('/').then(
    ({ status }) => status,
    () => 0,
  );

/** The customer's domains once none waits for its certificate. */
async function certified() {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const list = checked(Domains, await panel(ready, 'domainsList', '12'));
    const waiting = list.details.some(({ certificate }) => certificate.state !== 'issued');
    if (!waiting || Date.now() > deadline) return list;
    await delay(100);
  }
}

t.before(async () => {
  authority = await startAuthority(stateDir, ready.dns.port);
  const config: unknown = parse(await readText(join(stateDir, 'innkeeper.yaml')));
  const own = { ...checked(Type.Object({}), config), domains: authority.domains };
  await writeFile(configFile, stringify(own), { mode: 0o600 });
  await makeZone(stateDir, 'com', { 'elsewhere.com': '198.51.100.9' });
  await makeZone(stateDir, DOMAIN, { [DOMAIN]: PUBLIC_IP, [`www.${DOMAIN}`]: PUBLIC_IP });
  const { containers } = await get(ready, `${ready.control}/containers`, Containers);
  if (!containers.some(({ config }) => config['template'] === '1'))
    t.comment(await innkeeper('template', 'build', 'wordpress', '--config', configFile));
  daemon = await startDaemon(ready.api, configFile);
});

t.test('create: the site of the order', async (t) => {
  const { data } = checked(Created, await hook('createServer', { publicIp: PUBLIC_IP }));
  ({ fqdn, subdomain } = data);
  const status = await statusOf();
  t.equal(status.status, 'running');
  vmid = status.vmid ?? 0;
  t.same(await content(), DELIVERED);
  t.same(await limits(), BASIC, 'the kernel keeps it to its plan');
  t.equal(await machine.haState(vmid), 'started');
  const shown = await view();
  t.match(shown, { subdomain, state: 'Running', backups: { backups: [], quota: '0/2' } });
});

t.test('backup, change, rollback: what was written is back, in the database and on the disk', async (t) => {
  await write('Kept first');
  const name = await backup();
  await write('Kept changed');
  t.same(await content(), kept('Kept changed'));
  t.match(await view({ pwx_action: 'rollback', pwx_bak: name }), { notice: `Rolled back to: ${name}` });
  t.same(await content(), kept('Kept first'));
  t.equal(await machine.haState(vmid), 'started', 'HA keeps it running again');
});

t.test('backups: made up to the quota, deleted, refused in a sentence', async (t) => {
  const second = await backup();
  t.same((await machine.disks(vmid)).length, 4, 'root disk, initial and two backups');
  t.match(await view({ pwx_action: 'mk_backup' }), { notice: 'Backup limit reached (2 of 2)' });
  const { notice, backups } = await view({ pwx_action: 'del_backup', pwx_bak: second });
  t.equal(notice, `Backup deleted: ${second}`);
  t.equal(backups.quota, '1/2');
  t.same((await machine.disks(vmid)).length, 3, 'its disk is gone');
  t.match(await view({ pwx_action: 'rollback', pwx_bak: second }), { notice: /^[A-Z][^{}]*\.?$/ });
  await t.rejects(panel(ready, 'delBackup', '12', 'initial'), {
    message: 'API POST /action/delbak failed: HTTP 409',
  });
  t.same(await content(), kept('Kept first'), 'the site went on meanwhile');
});

t.test('stop, start, restart: the site goes and comes with its content', async (t) => {
  await hook('actionStop');
  t.equal((await statusOf()).status, 'stopped');
  t.equal(await machine.isRunning(vmid), false);
  t.equal(await machine.haState(vmid), 'stopped');
  const page = await visitor().open('/');
  t.equal(page.status, 503);
  t.notMatch(page.body, /suspended/i);
  await hook('actionStop');
  await hook('actionStart');
  t.equal((await statusOf()).status, 'running');
  t.same(await content(), kept('Kept first'));
  const init = await machine.init(vmid);
  await hook('actionRestart');
  t.not(await machine.init(vmid), init, 'it was really started anew');
  t.same(await content(), kept('Kept first'));
});

t.test("a new password of the administrator's: WordPress takes it and no longer the old one", async (t) => {
  const Credentials = Type.Object({ username: Type.String(), password: Type.String() });
  const read = () => get(ready, '/services/12/credentials', Credentials);
  const { username, password: first } = await read();
  t.equal((await visitor().logIn(username, first)).status, 200);
  const answer = await fetch(`${ready.api}/services/12/credentials/reset`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ready.token}`, 'content-type': 'application/json' },
    body: '{}',
  });
  t.match(await answer.json(), { success: true, service_id: '12' });
  await settled();
  const { password: second } = await read();
  t.match(await visitor().logIn(username, first), { status: 200, title: /^Log In/ });
  t.match(await visitor().logIn(username, second), { status: 200, title: /^Dashboard/ });
  t.same(await content(), kept('Kept first'));
});

t.test('a log-in link lets the administrator in, once, and leaves nothing behind', async (t) => {
  const answer = await fetch(`${ready.api}/services/12/login-link`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ready.token}`, 'content-type': 'application/json' },
    body: '{}',
  });
  t.equal(answer.headers.get('cache-control'), 'no-store');
  const { url } = checked(Type.Object({ url: Type.String() }), await answer.json());
  t.ok(url.startsWith(`https://${fqdn}/`), 'at the site itself');
  const { pathname, search } = new URL(url);
  t.not((await visitor().open(`${pathname}?token=0`)).status, 302, 'not by its address alone');
  const first = visitor();
  t.match(await first.open(pathname + search), { status: 302 });
  t.match(await first.open('/wp-admin/'), { status: 200, title: /^Dashboard/ });
  const second = visitor();
  t.equal((await second.open(pathname + search)).status, 404, 'it has been used');
  t.not((await second.open('/wp-admin/')).status, 200);
  t.same(await content(), kept('Kept first'));
});

t.test('upgrade: the kernel and the disk give what was sold, while the site runs', async (t) => {
  const init = await machine.init(vmid);
  t.equal((await fill(21)).trim(), 'full', 'the small disk has no room for 21 GB');
  service = { ...service, plan: 'WordPress Premium' };
  t.equal(await hook('upgradeServer'), true);
  t.match(await statusOf(), { plan: 'premium', status: 'running' });
  t.same(await limits(), PREMIUM);
  t.equal((await fill(21)).trim(), 'fits', 'the large one has');
  t.equal(await machine.init(vmid), init, 'it ran on');
  let { resources } = await statusOf();
  for (const late = Date.now() + 30_000; Date.now() < late && !resources.disk.endsWith('80GB');)
    ({ resources } = await statusOf());
  t.match(resources, { memory: /8192MB$/, disk: /80GB$/ }, 'and the panel shows it');
  t.same(await content(), kept('Kept first'));
  t.equal((await view()).backups.quota, '1/5');

  service = { ...service, plan: 'WordPress Basic' };
  t.equal(await hook('upgradeServer'), true);
  t.same(
    await limits(),
    { ...BASIC, disk: PREMIUM.disk },
    'a smaller plan: all but the disk, which no file system shrinks',
  );
  t.match(await statusOf(), { plan: 'basic', status: 'running' });
  service = { ...service, plan: 'WordPress Premium' };
  t.equal(await hook('upgradeServer'), true);
  t.same(await limits(), PREMIUM);
});

t.test('after a rollback to before the upgrade the site has old content and today’s plan', async (t) => {
  const [name = ''] = (await view()).backups.backups;
  await write('Kept later');
  await view({ pwx_action: 'rollback', pwx_bak: name });
  t.same(await content(), kept('Kept first'));
  t.same(await limits(), PREMIUM);
  t.equal((await fill(21)).trim(), 'fits');
});

t.test('domains: served over HTTPS with a certificate of their own, taken away, brought again', async (t) => {
  t.match(await view({ pwx_action: 'add_domain', pwx_domain: 'elsewhere.com' }), {
    notice: /^elsewhere\.com must point to 127\.0\.0\.1, but points to 198\.51\.100\.9\./,
  });
  t.match(await view({ pwx_action: 'add_domain', pwx_domain: DOMAIN }), {
    notice: `Domain added: ${DOMAIN}`,
  });
  t.match(await view({ pwx_action: 'add_domain', pwx_domain: `www.${DOMAIN}` }), {
    notice: 'Domain already exists',
  });
  t.match(await certified(), {
    domains: [DOMAIN],
    details: [{ certificate: { state: 'issued' } }],
    quota: '1/10',
  });
  for (const host of [DOMAIN, `www.${DOMAIN}`]) {
    const page = await domainVisitor(host).open('/');
    t.match(page, { status: 200, names: new RegExp(`DNS:${host}\\b`) });
    t.match(page.body, /Kept first/, 'the site, with its content');
  }
  t.match(await view({ pwx_action: 'del_domain', pwx_domain: DOMAIN }), {
    notice: `Domain removed: ${DOMAIN}`,
    customDomains: { domains: [], quota: '0/10' },
  });
  t.not(await statusFor(domainVisitor()), 200);
  t.same(await content(), kept('Kept first'), 'the first name serves on');
  await panel(ready, 'domainAdd', '12', DOMAIN);
  t.match(await certified(), { domains: [DOMAIN], details: [{ certificate: { state: 'issued' } }] });
  t.match(await domainVisitor().open('/'), { status: 200, body: /Kept first/ });
});

t.test('toggle: all names of the site off, and on again, while it runs', async (t) => {
  const init = await machine.init(vmid);
  await view({ pwx_action: 'toggle' });
  for (const one of [visitor(), domainVisitor()]) t.not(await statusFor(one), 200);
  await panel(ready, 'toggle', '12');
  await settled();
  t.same(await content(), kept('Kept first'));
  t.match(await domainVisitor().open('/'), { status: 200, body: /Kept first/ });
  t.equal(await machine.init(vmid), init);
});

t.test('suspended: visitors are told, the container rests; unsuspended: the content is back', async (t) => {
  await hook('suspendServer');
  await hook('suspendServer');
  t.equal((await view()).state, 'Suspended');
  t.equal(await machine.isRunning(vmid), false);
  t.equal(await machine.haState(vmid), 'stopped');
  for (const page of [await visitor().open('/wp-login.php'), await domainVisitor().open('/')]) {
    t.equal(page.status, 503);
    t.match(page.body, /suspended/i);
  }
  await t.rejects(hook('actionStart', { tellsBody: true }), /HTTP 403 .*service_suspended/);
  await t.rejects(hook('actionReset'), { message: 'API POST /action/reset failed: HTTP 403' });
  t.match(await view({ pwx_action: 'mk_backup' }), { notice: /suspended/i, backups: { quota: '1/5' } });

  await hook('unsuspendServer');
  await hook('unsuspendServer');
  t.equal((await view()).state, 'Running');
  t.equal(await machine.haState(vmid), 'started');
  t.same(await content(), kept('Kept first'));
  t.same(await limits(), PREMIUM);
});

t.test('reset: as delivered, after a safety snapshot, with the backups and the plan of today', async (t) => {
  await hook('actionReset');
  t.same(await content(), DELIVERED);
  t.same(await limits(), PREMIUM);
  const { snapshots } = await get(ready, '/services/12', Detail);
  t.same(
    snapshots.map(({ kind }) => kind),
    ['initial', 'backup', 'safety'],
  );
  const [name = ''] = (await view()).backups.backups;
  await view({ pwx_action: 'rollback', pwx_bak: name });
  t.same(await content(), kept('Kept first'), 'a backup outlives the reset');
  t.match(await domainVisitor().open('/'), { status: 200, body: /Kept first/ }, 'the domain too');
});

t.test('terminate: nothing is left anywhere, and the id may be ordered again', async (t) => {
  t.not((await machine.proxyFiles(fqdn)).length, 0);
  t.same(await visitor().resolve(), [PUBLIC_IP]);
  t.equal(await hook('terminateServer'), true);
  t.equal(await hook('terminateServer'), true);
  t.match(await statusOf(), { status: 'terminated', vmid: null });
  const { containers } = await get(ready, `${ready.control}/containers`, Containers);
  t.notOk(containers.some((one) => one.vmid === vmid));
  t.same(await machine.disks(vmid), [], 'no disk, no snapshot');
  t.equal(await machine.haState(vmid), undefined);
  for (const name of [fqdn, DOMAIN]) t.same(await machine.proxyFiles(name), [], `no trace of ${name}`);
  t.not(await statusFor(domainVisitor()), 200);
  await t.rejects(visitor().resolve(), { code: 'ENOTFOUND' });
  t.not((await visitor().open('/')).status, 200);

  service = { ...service, email: 'bea@example.com', plan: 'WordPress Basic' };
  const { data } = checked(Created, await hook('createServer', { publicIp: PUBLIC_IP }));
  ({ fqdn, subdomain } = data);
  const status = await statusOf();
  t.match(status, { status: 'running', plan: 'basic' });
  vmid = status.vmid ?? 0;
  t.same(await content(), DELIVERED, 'nothing of the former owner');
  t.same(await limits(), BASIC);
  t.match(await get(ready, '/services/12', Detail), { generation: 2, snapshots: [{ kind: 'initial' }] });
});
