/** The shipped product `vps`, from order to deletion, as panels and operators see it. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { fields } from '../http/harness.js';
import { type Fields, type House, openHouse, order } from './harness.js';
import { list, withAdmin } from './operator.js';

const KEY = `ssh-ed25519 ${'A'.repeat(68)} me@example.com`;
const OTHER_KEY = `ssh-ed25519 ${'B'.repeat(68)}`;
const SIZES = { memory_mb: 1024, disk_gb: 10, cores: 1, backups: 2, module: 'vps' };
const POOL = { name: 'public', range: '198.51.100.10-198.51.100.11', prefix: 24, gateway: '198.51.100.1' };

/** Plans of the product, with two public addresses on a network of their own. */
async function withServers(written: Fields): Promise<Fields> {
  const { pools } = fields(written['addresses']);
  const host = fields(written['container_host']);
  const locations = [{ name: 'south', nodes: ['pve2'] }];
  return {
    ...(await withAdmin(written)),
    addresses: { pools: [...list(pools), { ...POOL, bridge: 'vmbr1', vlan: 20, plans_only: true }] },
    container_host: { ...host, proxmox: { ...fields(host['proxmox']), locations } },
    plans: [
      { name: 'basic', memory_mb: 2048, disk_gb: 20, cores: 2, domains: 3, backups: 2 },
      {
        name: 'vps',
        pools: ['public'],
        location: 'south',
        ...SIZES,
        data: { images: ['debian-12', 'debian-13'] },
      },
      { name: 'vps-large', pools: ['public'], ...SIZES, memory_mb: 2048, cores: 2, disk_gb: 20 },
    ],
  };
}

/** The disk of the service's container, as the simulated world keeps it. */
async function diskOf(house: House, id: string): Promise<Fields> {
  const { vmid } = await house.status(id);
  const file = join(dirname(house.configFile), 'containers.json');
  const entries = fields(JSON.parse(await readFile(file, 'utf8')));
  return fields(fields(entries[String(vmid)])['disk']);
}
const filesOf = async (house: House, id: string): Promise<Fields> =>
  fields((await diskOf(house, id))['files']);

async function configOf(house: House, id: string): Promise<Fields> {
  const { vmid } = await house.status(id);
  return fields((await house.containers()).find((one) => one['vmid'] === vmid)?.['config']);
}

/** The list of the cluster may not show a new container yet. */
const isRunning = ({ status }: Fields): boolean => status === 'running';

const passwordOf = async (house: House, id: string): Promise<string> =>
  String((await house.get(`/services/${id}/credentials`)).body['password']);

t.test('a server lives its life', async (t) => {
  const house = await openHouse(t, { config: withServers });
  const properties = { hostname: 'Web1.Example.com', image: 'debian-13', ssh_keys: [KEY] };
  await house.make('web', { plan: 'vps', properties });
  const made = await house.untilStatus('web', isRunning);
  t.match(made, { status: 'running', node: 'pve2', url: null, private_ip: /^198\.51\.100\.1[01]$/ });
  const config = await configOf(house, 'web');
  t.match(config, { hostname: 'web1.example.com', cores: '1', memory: '1024' });
  t.match(config['net0'], /bridge=vmbr1,.*gw=198\.51\.100\.1,.*tag=20/);
  t.match(await diskOf(house, 'web'), { os: /debian-13-standard_13\.1-2/ });
  const password = await passwordOf(house, 'web');
  for (const sign of [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/, /^.{20}$/]) t.match(password, sign);
  t.match(await filesOf(house, 'web'), {
    '/etc/shadow': `root:${password}`,
    '/root/.ssh/authorized_keys': `${KEY}\n`,
  });

  const did = async (path: string, also: object = {}): Promise<void> => {
    t.match(await house.settled(path, { service_id: 'web', ...also }), { status: 200 }, path);
  };
  await did('/action/stop');
  await house.untilStatus('web', ({ status }) => status === 'stopped');
  await did('/action/start');
  await did('/action/restart');
  await did('/action/mkbak');
  const { backups } = (await house.get('/action/getbak?service_id=web')).body;
  await did('/action/rollback', { bak: Array.isArray(backups) ? String(backups[0]) : '' });
  await did('/suspend');
  t.match(await house.post('/services/web/actions/reinstall', {}), { status: 403 });
  await did('/unsuspend');
  await did('/wp/upgrade', { plan: 'vps-large' });
  t.match(await configOf(house, 'web'), { cores: '2', memory: '2048', rootfs: /size=20G/ });
  await did('/services/web/credentials/reset');
  const reset = await passwordOf(house, 'web');
  t.not(reset, password);
  t.match(await filesOf(house, 'web'), { '/etc/shadow': `root:${reset}` });
  await did('/action/reset');
  await did('/delete-site');
  t.notOk((await house.containers()).some(({ vmid }) => vmid === made['vmid']));
  t.match((await house.get('/plans')).body['plans'], [{}, { name: 'vps', available: true }, {}]);
});

t.test('a reinstalled server keeps its number, address and name, and nothing else', async (t) => {
  const house = await openHouse(t, { config: withServers });
  await house.make('web', { plan: 'vps', properties: { hostname: 'web', ssh_keys: [KEY] } });
  const before = await house.status('web');
  const password = await passwordOf(house, 'web');
  await house.settled('/action/mkbak', { service_id: 'web' });
  const reinstall = (input: object) => house.settled('/services/web/actions/reinstall', { input });
  const disk = await diskOf(house, 'web');

  t.match(await reinstall({ image: 'almalinux-9' }), {
    status: 400,
    body: { error: /debian-12, debian-13/ },
  });
  t.same(await diskOf(house, 'web'), disk, 'an image that the plan does not offer changes nothing');
  t.match(await reinstall({ ssh_keys: ['no key'] }), {
    status: 400,
    body: { errors: { 'input.ssh_keys.0': /public SSH key/ } },
  });

  t.match(await reinstall({ image: 'debian-13', ssh_keys: [OTHER_KEY] }), { status: 200 });
  t.match(await house.untilStatus('web', isRunning), {
    ...{ status: 'running', vmid: before['vmid'], node: before['node'], private_ip: before['private_ip'] },
    quota: { backups: { used: 0 } },
  });
  t.match(await configOf(house, 'web'), { hostname: 'web', net0: /tag=20/ });
  t.match(await diskOf(house, 'web'), { os: /debian-13/ });
  t.match((await house.get('/services/web')).body, { data: { image: 'debian-13', ssh_keys: [OTHER_KEY] } });
  const next = await passwordOf(house, 'web');
  t.not(next, password, 'the new password can be read');
  t.match(await filesOf(house, 'web'), {
    '/etc/shadow': `root:${next}`,
    '/root/.ssh/authorized_keys': `${OTHER_KEY}\n`,
  });
  await house.settled('/action/reset', { service_id: 'web' });
  await house.untilStatus('web', isRunning);
  t.ok(await configOf(house, 'web'), 'there is an initial snapshot again');
  t.match(await reinstall({}), { status: 200 });
  t.match(await diskOf(house, 'web'), { os: /debian-13/ }, 'the last image is kept');
});

t.test('the four fields of an order are enough, and wrong properties get a warning', async (t) => {
  const house = await openHouse(t, { config: withServers });
  await house.make('plain', { plan: 'vps' });
  t.match(await diskOf(house, 'plain'), { os: /debian-12-standard_12\.7-1/ }, 'the newest version');
  t.match(await house.get('/services/plain/credentials'), {
    body: { username: 'root', password: /^.{20}$/ },
  });
  const properties = { hostname: 'not a name', image: 'windows', ssh_keys: ['x'], root_password: 'short' };
  const { status, body } = await house.post('/create-site', order('wrong', { plan: 'vps', properties }));
  t.equal(status, 202);
  t.match(body['warnings'], { length: 4 });
  await house.untilStatus('wrong', ({ status: word }) => word === 'running');
  t.match(await house.post('/create-site', order('third', { plan: 'vps' })), {
    body: { warnings: [/^No address is left/] },
  });
  t.match((await house.get('/plans')).body['plans'], [
    ...[{ available: true }, { name: 'vps', available: false, sold_out: /^No address is left/ }],
  ]);
  t.match(await house.get('/capacity?plan=vps'), { body: { deliverable: false, limited_by: ['addresses'] } });
});

t.test('the ordered password is set, and shown nowhere but in the credentials', async (t) => {
  const house = await openHouse(t, { config: withServers });
  const secret = 'Correct-Horse-9-Battery';
  await house.make('own', { plan: 'vps', properties: { root_password: secret } });
  t.equal(await passwordOf(house, 'own'), secret);
  t.match(await filesOf(house, 'own'), { '/etc/shadow': `root:${secret}` });
  t.notMatch(await house.text('/services/own'), secret);
  t.notMatch(house.log.join(''), secret);
});

const BREAKS = [
  ['container', { target: 'pve', method: 'POST', path: '/lxc$', kind: { taskError: 'no space left' } }],
  ['start', { target: 'pve', path: '/status/start$', kind: { taskError: 'startup failed' } }],
  ['install', { target: 'exec', path: 'vps/set-up', kind: { taskError: 'the SSH server does not start' } }],
  ['snapshot', { target: 'pve', method: 'POST', path: '/snapshot$', kind: { taskError: 'snapshot failed' } }],
] as const;

t.test('an order that fails at any step is undone, and can be placed again', async (t: Test) => {
  const house = await openHouse(t, { config: withServers });
  const before = (await house.containers()).length;
  for (const [step, fault] of BREAKS) {
    const lift = await house.fault(fault);
    await house.post('/create-site', order(step, { plan: 'vps' }));
    const failed = await house.untilStatus(step, ({ provision_status: word }) => word === 'failed');
    t.match(failed, { status: 'failed', vmid: null, private_ip: null, error: { step } });
    await lift();
    t.equal((await house.containers()).length, before, `${step}: no container is left`);
    await house.make(step, { plan: 'vps' });
    await house.settled('/delete-site', { service_id: step });
  }
});

t.test('a reinstallation that fails is finished later, or changes nothing', async (t) => {
  const house = await openHouse(t, { config: withServers });
  await house.make('web', { plan: 'vps', properties: { ssh_keys: [KEY] } });
  const { vmid, private_ip: address } = await house.status('web');
  const reinstall = (input: object = {}) => house.post('/services/web/actions/reinstall', { input });
  const files = await filesOf(house, 'web');

  const stop = await house.fault({
    target: 'pve',
    path: '/content$',
    kind: { status: 500, reason: 'broken' },
  });
  t.match(await reinstall(), { status: 502, body: { code: /^container_host/ } });
  await stop();
  t.same(await filesOf(house, 'web'), files, 'nothing was destroyed');

  const lift = await house.fault({ target: 'exec', path: 'vps/set-up', kind: { taskError: 'broken' } });
  const input = { ssh_keys: [OTHER_KEY] };
  await house.call('POST', '/services/web/actions/reinstall', { input }, { prefer: 'respond-async' });
  await house.untilStatus('web', ({ job }) => fields(job ?? {})['step'] === 'install');
  await house.restart();
  t.match(await house.status('web'), { vmid, private_ip: address });
  await lift();
  await house.untilStatus('web', ({ job }) => job === null);
  t.match(await house.untilStatus('web', isRunning), { vmid, private_ip: address });
  t.match(await filesOf(house, 'web'), { '/root/.ssh/authorized_keys': `${OTHER_KEY}\n` });
});
