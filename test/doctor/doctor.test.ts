import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import t, { type Test } from 'tap';
import { v7 } from 'uuid';
import { parse, stringify } from 'yaml';
import { isMapping } from '../../src/config/schema-walk.js';
import { loadConfig } from '../../src/config/load.js';
import { type Mark, templateMark } from '../../src/kernel/mark.js';
import { plainCall } from '../../src/drivers/shared/call.js';
import { nginxProxyDriver } from '../../src/drivers/proxy/nginx/index.js';
import { systemClock } from '../../src/kernel/clock.js';
import type { AlertKind, AlertRecord } from '../../src/model/alert.js';
import { VERSION } from '../../src/kernel/version.js';
import { type Check, type Line, ok, warning, wrong } from '../../src/drivers/shared/doctor/check.js';
import { judgeStorage } from '../../src/drivers/guest/proxmox/doctor-cluster.js';
import { judgeRelease } from '../../src/drivers/guest/proxmox/doctor-access.js';
import { examine, openChecks } from '../../src/doctor/examine.js';
import { proxmoxGuestDriver } from '../../src/drivers/guest/proxmox/index.js';
import { openRegistry } from '../../src/modules/registry.js';
import type { DaemonSide } from '../../src/doctor/parts.js';
import {
  neededPrivileges,
  PRIVILEGES,
  privilegesByPath,
  ROLES,
} from '../../src/drivers/guest/proxmox/privileges.js';
import { runChecks } from '../../src/doctor/run-checks.js';
import { openCatalogue, surveyCatalogue } from '../../src/modules/catalogue.js';
import { startMemoryEnvironment } from '../../src/sandbox/memory/environment.js';
import { ALL_PRIVILEGES } from '../../src/sandbox/pve/grants.js';
import type { Environment } from '../../src/sandbox/environment.js';
import { openState } from '../../src/state/open.js';
import { loadStateKey } from '../../src/state/keys/state-key.js';
import { CLI, surroundings } from '../e2e/daemon-process.js';
import { selfSigned } from '../fakes/tls-files.js';
import { asObject, fields } from '../http/harness.js';
import { address, sampleJob, sampleService } from '../state/samples.js';
import { testFolder } from '../test-folder.js';

const DOWN: DaemonSide = { readiness: async () => undefined, export: async () => undefined };

type Lines = Promise<Map<string, Line>>;
type Changes = Record<string, unknown>;

interface Clinic {
  readonly world: Environment;
  readonly dir: string;
  /** The lines by their names, with these keys of the configuration changed. */
  readonly look: (changes?: Changes, more?: { now?: () => number; daemon?: DaemonSide }) => Lines;
  readonly control: (method: string, path: string, body?: object) => Promise<void>;
  /** Does it, looks, and takes it back. */
  readonly while: (path: string, body: object, changes?: Changes) => Lines;
  /** The privileges' line alone, with these grants. */
  readonly privileges: (grants: object) => Promise<Line | undefined>;
}

interface ClinicOptions {
  readonly storageType?: 'dir' | 'zfspool';
  /** No daemon has ever run: nginx has nothing of ours to include, and each look waits a second for it. */
  readonly isNew?: boolean;
}

async function clinic(t: Test, { isNew = false, ...options }: ClinicOptions = {}): Promise<Clinic> {
  const dir = testFolder(t);
  const world = await startMemoryEnvironment({
    stateDir: dir,
    apiPort: 0,
    delays: 0,
    log: () => {},
    ...options,
  });
  t.teardown(() => world.close());
  if (!isNew) await writeRendering(world);
  const written = await readFile(world.configFile, 'utf8');
  const control: Clinic['control'] = async (method, path, body) => {
    const answer = await fetch(world.control + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  };
  const look: Clinic['look'] = async (changes = {}, { now, daemon = DOWN } = {}) => {
    const file = join(dir, 'own.yaml');
    await writeFile(file, stringify(changed(parse(written), changes)), { mode: 0o600 });
    const config = await loadConfig({ file });
    const { products } = await openCatalogue(config, file, pino({ level: 'silent' }));
    const clock = now ? { ...systemClock, now } : systemClock;
    const lines = await examine({ configFile: file, config, products, clock, daemon });
    return new Map(lines.map((line) => [line.name, line]));
  };
  return {
    world,
    dir,
    control,
    look,
    async privileges(grants) {
      await control('PUT', '/grants', grants);
      const config = await loadConfig({ file: world.configFile });
      const { products } = openRegistry({
        ...{ discovered: [], settings: {}, hasOthers: false },
        isShipped: () => true,
      });
      const parts = { configFile: '/c', config, products, clock: systemClock, daemon: DOWN };
      const doctor = await openChecks(parts);
      const lines = await runChecks(
        doctor.checks.filter(({ name }) => name === 'container_host.permissions'),
      );
      await doctor.close();
      return lines[0];
    },
    async while(path, body, changes) {
      await control(path === '/faults' ? 'POST' : 'PUT', path, body);
      try {
        return await look(changes);
      } finally {
        if (path === '/faults' || path === '/grants') await control('DELETE', path);
      }
    },
  };
}

/** Leaves nginx as a daemon's first start does. */
async function writeRendering({ configFile }: Environment): Promise<void> {
  const { proxy } = await loadConfig({ file: configFile });
  const driver = nginxProxyDriver(proxy.nginx, { clock: systemClock, log: pino({ level: 'silent' }) });
  await driver.removeHost(
    { agent: 'a', panel: 'p', service: 's', generation: 1 },
    plainCall(new AbortController().signal),
  );
  await driver.close();
}

function changed(config: unknown, changes: Record<string, unknown>): unknown {
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    let at = config;
    for (const name of names) {
      if (!isMapping(at)) throw new Error(path);
      at = at[name] ??= {};
    }
    if (isMapping(at)) at[last] = value;
  }
  return config;
}

/** That one line says so, and that nothing else but what depends on it is not well. */
function says(
  t: Test,
  lines: Map<string, Line>,
  name: string,
  state: Line['state'],
  found: RegExp,
  ...fix: readonly RegExp[]
): void {
  const line = lines.get(name);
  t.match(line, { state, found }, `${name}: ${String(found)}`);
  for (const command of fix)
    t.ok(
      line?.fix.some((one) => command.test(one)),
      `fixed by ${String(command)}: ${line?.fix.join(' | ') ?? ''}`,
    );
  if (state === 'wrong' || state === 'warning') t.ok(line?.fix.length, `${name}: a command`);
  const others = [...lines.values()].filter(
    // no daemon runs in these worlds, and some of them have seen one
    (one) =>
      one.name !== name && !['ok', 'not_checked'].includes(one.state) && one.found !== 'it is not running',
  );
  t.same(others, [], `${name}: and nothing else`);
}

const words = (lines: Map<string, Line>): Record<string, string> =>
  Object.fromEntries([...lines].map(([name, { state }]) => [name, state]));

t.test('a healthy world is well in every line, before the first start and with services', async (t) => {
  const { look, dir } = await clinic(t, { isNew: true });
  const lines = await look();
  for (const { name, state, found, fix } of lines.values()) {
    t.equal(state, 'ok', `${name}: ${found}`);
    t.same(fix, []);
  }
  t.equal(lines.size, 31);
  t.match(lines.get('daemon')?.found, /it is not running/);
  t.notOk((await readdir(dir)).includes('agent'), 'not even the state folder was made');
});

t.test('the container host: address, certificate, clock, token', async (t) => {
  const { look, world, dir, control, ...it } = await clinic(t);
  const proxmox = 'container_host.proxmox';
  const dead = await it.while('/faults', { target: 'pve', kind: { down: true } });
  says(t, dead, 'container_host.connection', 'wrong', /does not respond/, /^curl -kI https:/);
  t.match(words(dead), {
    clock: 'not_checked',
    'container_host.permissions': 'not_checked',
    template: 'not_checked',
    'exec.key': 'not_checked',
    dns: 'ok',
    certificate: 'ok',
  });
  t.match(dead.get('template')?.found, /^not checked: first fix "nodes"$/);
  says(
    t,
    await look({ [`${proxmox}.urls`]: [world.pve.url, 'https://127.0.0.1:1'] }),
    'container_host.connection',
    'warning',
    /127\.0\.0\.1:1 does not respond: .*ECONNREFUSED/,
  );

  const pinned = await look({ [`${proxmox}.fingerprint`]: 'AB'.repeat(32) });
  says(
    t,
    pinned,
    'container_host.connection',
    'wrong',
    /not the pinned one\); its SHA-256 fingerprint is ([0-9A-F]{2}:){31}/,
    /^pvenode cert info$/,
  );
  const [, found] =
    /fingerprint is ([0-9A-F:]+)/.exec(pinned.get('container_host.connection')?.found ?? '') ?? [];
  t.equal(
    (await look({ [`${proxmox}.fingerprint`]: found })).get('container_host.connection')?.state,
    'ok',
    'what it says to pin is right',
  );
  says(
    t,
    await look({ [`${proxmox}.ca_file`]: '/etc/ssl/certs/ca-certificates.crt' }),
    'container_host.connection',
    'wrong',
    /has an untrusted certificate \(.*(UNABLE|SELF)/,
  );

  await control('PUT', '/clock/90000');
  says(
    t,
    await look(),
    'clock',
    'wrong',
    /is 8\d(\.\d+)? s ahead|is 9\d(\.\d+)? s ahead/,
    /^timedatectl set-ntp true$/,
  );
  await control('PUT', '/clock/-9000');
  says(t, await look(), 'clock', 'warning', /s behind this machine/, /timedatectl/);
  await control('PUT', '/clock/0');

  const secret = join(dir, 'wrong-secret');
  await writeFile(secret, 'not-the-secret', { mode: 0o600 });
  const refused = await look({ [`${proxmox}.token_secret`]: { file: secret } });
  says(
    t,
    refused,
    'container_host.token',
    'wrong',
    /token innkeeper@pve!agent is rejected/,
    /^pveum user token remove innkeeper@pve agent; pveum user token add innkeeper@pve agent --privsep 0$/,
  );
  const [first = '', ...others] = refused.get('container_host.token')?.fix ?? [];
  t.match(first, /^pveum user token list innkeeper@pve/, 'what is tried first destroys nothing');
  const destroys = others.findIndex((command) => command.includes('token remove'));
  t.match(others[destroys - 1], /^# only if that secret is lost/);
  t.notMatch(JSON.stringify([...refused.values()]), /not-the-secret/);
  t.match(judgeRelease('7.4-16'), { state: 'wrong', found: /is not supported/ });
  t.match([judgeRelease('8.4.14'), judgeRelease('10.0')], [{ state: 'ok' }, { state: 'warning' }]);
});

t.test(
  'every privilege of the list is missed, named with its reason, and given by the command',
  async (t) => {
    const { world, while: during, privileges, control, look } = await clinic(t);
    const { container_host: host } = await loadConfig({ file: world.configFile });
    const needed = neededPrivileges(host.proxmox);
    t.ok(
      PRIVILEGES.every(({ place, name }) => needed.some((one) => one.place === place && one.name === name)),
      'this configuration needs all of them',
    );
    for (const one of needed) {
      const { path, name, why, place } = one;
      const user = privilegesByPath(needed.filter((other) => other !== one));
      const line = await privileges({ privsep: false, user, token: {} });
      t.equal(line?.state, 'wrong', name);
      t.equal(line?.found, `${name} is missing on ${path} (required to ${why})`);
      const { role, own } = ROLES[place];
      t.ok(line?.fix.includes(`pveum acl modify ${path} --users innkeeper@pve --roles ${role}`), path);
      if (own)
        t.match(
          line?.fix[0],
          new RegExp(
            `^pveum role add ${role} --privs ".*${name}.*" \\|\\| pveum role modify ${role} --append 1 --privs ".*${name}`,
          ),
        );
    }
    const all = { '/': ALL_PRIVILEGES };
    const without = { '/': ALL_PRIVILEGES.filter((name) => name !== 'VM.PowerMgmt') };
    const narrow = await during('/grants', { privsep: true, user: all, token: without });
    says(
      t,
      narrow,
      'container_host.permissions',
      'wrong',
      /^VM\.PowerMgmt is missing on \/pool\/innkeeper .*the token has separate privileges \(privsep\)$/,
      /^pveum acl modify \/pool\/innkeeper --tokens 'innkeeper@pve!agent' --roles Innkeeper$/,
    );
    t.notOk(narrow.get('container_host.permissions')?.fix.some((command) => command.includes('--users')));
    const blind = { '/': without['/'].filter((name) => name !== 'Sys.Audit') };
    const both = await privileges({ privsep: false, user: blind, token: {} });
    t.ok(
      both?.fix.some((one) => one.includes('--users')) && both.fix.some((one) => one.includes('--tokens')),
      'what it cannot see it asks for both',
    );

    await control('DELETE', '/grants');
    t.match(
      (await look()).get('pool')?.found,
      /without Pool\.Audit the agent cannot see whether it exists/,
      'nothing the agent needs shows the pool',
    );
    await control('PUT', '/grants', { privsep: false, user: all, token: {} });
    const other = { 'container_host.proxmox.pool': 'elsewhere' };
    says(
      t,
      await look(other),
      'pool',
      'wrong',
      /the pool "elsewhere" does not exist/,
      /^pveum pool add elsewhere$/,
    );
  },
);

t.test('what a configuration leaves out needs no privilege', async (t) => {
  const { control, look } = await clinic(t);
  const proxmox = 'container_host.proxmox';
  const changes = {
    [`${proxmox}.ha.enabled`]: false,
    [`${proxmox}.pool`]: null,
    [`${proxmox}.os_template`]: null,
  };
  const guests = PRIVILEGES.filter(({ place }) => place === 'guests').map(({ name }) => name);
  const user = {
    '/vms': [...guests, 'VM.Audit'],
    '/storage/local-btrfs': ['Datastore.AllocateSpace', 'Datastore.Audit'],
    '/sdn/zones/localnetwork/vmbr0': ['SDN.Use'],
    '/': ['Sys.Audit'],
  };
  await control('PUT', '/grants', { privsep: false, user, token: {} });
  t.match((await look(changes)).get('container_host.permissions'), { state: 'ok' });
  t.match(
    (await look({ ...changes, [`${proxmox}.vlan`]: 20 })).get('container_host.permissions'),
    { state: 'ok' },
    'the bridge counts for its VLANs',
  );
  const vlan = {
    ...user,
    '/sdn/zones/localnetwork/vmbr0': [],
    '/sdn/zones/localnetwork/vmbr0/20': ['SDN.Use'],
  };
  await control('PUT', '/grants', { privsep: false, user: vlan, token: {} });
  t.match(
    (await look({ ...changes, [`${proxmox}.vlan`]: 20 })).get('container_host.permissions'),
    { state: 'ok' },
    'and so does the VLAN itself',
  );
  t.match((await look(changes)).get('container_host.permissions'), {
    state: 'wrong',
    found: /^SDN\.Use is missing on \/sdn\/zones\/localnetwork\/vmbr0 /,
  });
});

t.test('a template that the token may not clone is told with the command', async (t) => {
  const { world, control, look } = await clinic(t);
  const { container_host: host } = await loadConfig({ file: world.configFile });
  // as of one made by hand, outside of the pool
  const user = { ...privilegesByPath(neededPrivileges(host.proxmox)), '/pool/innkeeper': [] };
  const guests = PRIVILEGES.filter(({ place }) => place === 'guests').map(({ name }) => name);
  const elsewhere = { ...user, '/pool/sites': guests };
  await control('PUT', '/grants', { privsep: false, user: elsewhere, token: {} });
  says(
    t,
    await look({ 'container_host.proxmox.pool': 'sites' }),
    'template',
    'wrong',
    /wordpress: VM\.Clone is missing on \/vms\/9001: the template is not in the pool "sites"/,
    /^pveum pool modify sites --vms 9001,9002,9003 --allow-move 1$/,
  );
});

t.test('the cluster: nodes, storage, templates', async (t) => {
  const { look, control } = await clinic(t);
  const proxmox = 'container_host.proxmox';
  says(
    t,
    await look({ [`${proxmox}.nodes`]: ['pve1', 'pve9'] }),
    'nodes',
    'wrong',
    /the node pve9 does not exist; available: pve1, pve2, pve3/,
    /container_host\.proxmox\.nodes/,
  );
  says(
    t,
    await look({ [`${proxmox}.ha`]: { enabled: true, nodes: ['pve1', 'pve9'] } }),
    'nodes',
    'wrong',
    /the node pve9 does not exist/,
    /container_host\.proxmox\.ha\.nodes/,
  );
  const unbridged = await look({ [`${proxmox}.bridge`]: 'vmbr7' });
  t.match(unbridged.get('bridge'), {
    state: 'wrong',
    found:
      /^pve1 lists no bridge "vmbr7", only vmbr0: the bridge does not exist, or the token lacks SDN\.Use on it; pve2 /,
    fix: [/container_host\.proxmox\.bridge$/],
  });
  await control('PUT', '/nodes/pve3/offline');
  says(t, await look(), 'nodes', 'warning', /offline: pve3/, /^pvecm status$/);
  await control('PUT', '/nodes/pve3/online');
  const plans = [{ name: 'huge', memory_mb: 4_000_000, disk_gb: 1, cores: 1, domains: 1, backups: 1 }];
  says(t, await look({ plans }), 'nodes', 'wrong', /no node has enough capacity for another site/);

  const noDisks = await look({ [`${proxmox}.storage`]: 'local' });
  t.match(noDisks.get('storage'), {
    state: 'wrong',
    found: /local on pve1 does not allow root disks \(content: vztmpl,backup,iso\)/,
  });
  t.match(noDisks.get('storage')?.fix, ['pvesm set local --content vztmpl,backup,iso,rootdir']);
  t.match((await look({ [`${proxmox}.storage`]: 'nowhere' })).get('storage'), {
    state: 'wrong',
    found: /nowhere on pve1: it does not exist, or Datastore\.Audit on \/storage\/nowhere is missing/,
    fix: ['pvesm status'],
  });
  says(
    t,
    await look({ plans: [{ ...plans[0], memory_mb: 512, disk_gb: 60_000 }] }),
    'storage',
    'wrong',
    /local-btrfs on pve1 is full: 1997 GiB of 2000 GiB are free, 10 GiB of them reserved/,
  );

  says(
    t,
    await look({ 'products.wordpress': { template_name: 'other' } }),
    'template',
    'wrong',
    /wordpress: the template "other" does not exist/,
    /^innkeeper template build wordpress --config \/.*own\.yaml$/,
  );
  const volume = 'local:vztmpl/debian-13.tar.zst';
  says(
    t,
    await look({ [`${proxmox}.os_template`]: volume }),
    'os_template',
    'warning',
    /debian-13\.tar\.zst is not on pve1, pve2, pve3/,
    /^pveam update; pveam download local debian-13\.tar\.zst$/,
  );
  const scratch = { 'products.wordpress': { source: 'scratch' } };
  says(
    t,
    await look({ ...scratch, [`${proxmox}.os_template`]: volume }),
    'os_template',
    'wrong',
    /is not on/,
  );

  const config = {
    container_host: { proxmox: { storage: 's', reserve_disk_gb: 10 } },
    plans: [{ diskGb: 20, memoryMb: 1 }],
  };
  const facts = {
    type: 'lvmthin',
    content: ['rootdir'],
    usable: true,
    shared: false,
    totalBytes: 2 ** 40,
    freeBytes: 2 ** 35,
    snapshots: 'any',
  } as const;
  const judge = (change: object) =>
    Reflect.apply(judgeStorage, undefined, [
      { config, configFile: '/c' },
      'pve1',
      { ...facts, ...change },
    ]) as unknown;
  t.match(judge({}), { state: 'warning', found: /almost full: 32 GiB of 1024 GiB/ });
  t.match(judge({ freeBytes: 2 ** 30 }), { state: 'wrong', found: /is full/ });
  t.match(judge({ freeBytes: 29 * 2 ** 30 }), {
    state: 'wrong',
    found: /is full: 29 GiB .* 10 GiB of them reserved/,
  });
  t.match(judge({ usable: false }), { state: 'wrong', fix: ['pvesm set s --disable 0', 'pvesm status'] });
  t.match(judge({ freeBytes: 2 ** 39, snapshots: 'newest', shared: true }), {
    state: 'ok',
    found: /shared, snapshots with rollback to the newest only/,
  });
});

t.test('a storage without snapshots is a warning', async (t) => {
  const { look } = await clinic(t, { storageType: 'dir' });
  says(
    t,
    await look(),
    'storage',
    'warning',
    /local-btrfs on pve1 \(dir\) does not support snapshots/,
    /lvmthin, zfspool, btrfs or rbd/,
  );
});

t.test('the way into containers', async (t) => {
  const { look, dir, ...it } = await clinic(t);
  const dead = await it.while('/faults', { target: 'exec', kind: { down: true } });
  says(t, dead, 'exec.path', 'wrong', /^pve1: ssh 127\.0\.0\.1:\d+: /, /^ssh -p \d+ root@127\.0\.0\.1 true$/);
  t.equal(dead.get('exec.key')?.state, 'not_checked');
  const hosts = join(dir, 'known');
  await writeFile(
    hosts,
    '[127.0.0.1]:1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ\n',
  );
  says(
    t,
    await look({ 'exec.ssh.known_hosts_file': hosts }),
    'exec.path',
    'wrong',
    /has no host key for it/,
    /^ssh-keyscan -p \d+ 127\.0\.0\.1 >> \/.*known$/,
  );
  const stranger = await look({ 'exec.ssh.user': 'nobody' });
  says(
    t,
    stranger,
    'exec.path',
    'wrong',
    /log-in as nobody refused/,
    /^sed -i .*authorized_keys; echo 'restrict,command="\/usr\/lib\/innkeeper\/innkeeper-exec 1000-1999 9000-9099" ssh-\S+ \S+ innkeeper' >> ~\/\.ssh\/authorized_keys {3}# on pve1$/,
  );
  says(
    t,
    await it.while('/faults', { target: 'exec', method: 'EXEC', kind: { taskError: 'pct is broken' } }),
    'exec.path',
    'wrong',
    /pve1: pct ended with 255: pct is broken/,
    /^ssh root@127\.0\.0\.1 pct list$/,
  );
  const open = await it.while('/faults', { target: 'exec', method: 'SHELL', kind: { lie: true } });
  says(t, open, 'exec.key', 'warning', /on pve1 the key can run any command/, /restrict,command=/);
  says(
    t,
    await look({ exec: { driver: 'local', pct: ['/nowhere/pct'] } }),
    'exec.path',
    'wrong',
    /\/nowhere\/pct could not be started/,
    /exec\.pct/,
  );
});

t.test('DNS', async (t) => {
  const { look, dir, ...it } = await clinic(t);
  says(
    t,
    await it.while('/faults', { target: 'dns', kind: { down: true } }),
    'dns',
    'wrong',
    /PATCH|GET/,
    /^systemctl status pdns$/,
  );
  const key = join(dir, 'key');
  await writeFile(key, 'not-the-key', { mode: 0o600 });
  const refused = await look({ 'dns.powerdns.api_key': { file: key } });
  says(t, refused, 'dns', 'wrong', /40[13]/, /api-key/);
  t.notMatch(JSON.stringify([...refused.values()]), /not-the-key/);
  says(
    t,
    await it.while('/faults', { target: 'dns', method: 'PATCH', kind: { lie: true } }),
    'dns',
    'wrong',
    /_innkeeper-doctor\.sandbox\.test\. was changed 3 times, but still lacks /,
  );
  const refusing = (reason: string, times: number) =>
    it.while('/faults', { target: 'dns', method: 'PATCH', kind: { status: 422, reason }, times });
  const readOnly = await refusing('Hosting backend does not support editing records.', 9);
  says(t, readOnly, 'dns', 'wrong', /does not support editing records/, /journalctl -u pdns/);
  t.notMatch(JSON.stringify(readOnly.get('dns')), /create-zone/, 'the zone is there');
  const plain = await refusing('Hosting backend does not support editing comments.', 1);
  t.match(plain.get('dns'), { state: 'ok' }, 'a back end without comments will do');
  const elsewhere = await look({ 'agent.base_domain': 'other.test', 'dns.powerdns.zone': 'other.test' });
  t.match(elsewhere.get('dns'), { state: 'wrong', fix: ['pdnsutil create-zone other.test ns1.other.test'] });
  says(
    t,
    await look({ 'domains.resolvers': ['127.0.0.1:1'], 'domains.lookup_timeout_s': 1 }),
    'lookup',
    'warning',
    /sandbox\.test cannot be looked up, so customers' domains cannot be checked: ./,
    /^dig -p 1 @127\.0\.0\.1 sandbox\.test NS$/,
    /domains\.resolvers/,
  );
  const none = { dns: { driver: 'none' } };
  says(
    t,
    await look(none),
    'dns',
    'wrong',
    /\*\.sandbox\.test does not resolve/,
    /\*\.sandbox\.test\. 300 IN A 203\.0\.113\.10/,
  );
});

t.test('the proxy, its certificate, and the certificate authority', async (t) => {
  const { look, dir, world, ...it } = await clinic(t, { isNew: true });
  says(
    t,
    await it.while('/faults', {
      target: 'proxy',
      method: 'TEST',
      kind: { taskError: 'unknown directive "foo"' },
    }),
    'proxy.test',
    'wrong',
    /nginx rejects the configuration: .*unknown directive "foo"/,
    /nginx -t$/,
  );
  const file = join(dir, 'file');
  await writeFile(file, '');
  says(
    t,
    await look({ 'proxy.nginx.dir': join(file, 'x') }),
    'proxy.test',
    'wrong',
    /cannot write to .*file\/x/,
    /^install -d -o \S+ -m 755 /,
  );
  await writeRendering(world);
  t.match((await look()).get('proxy.reload'), {
    state: 'ok',
    found: /serves the current configuration \(\d+\)/,
  });
  says(
    t,
    await it.while('/faults', { target: 'proxy', method: 'RELOAD', kind: { down: true } }),
    'proxy.reload',
    'wrong',
    /nginx\.pid/,
    /^systemctl restart nginx$/,
  );
  says(
    t,
    await look({ 'proxy.nginx.test': ['/nowhere/nginx', '-t'] }),
    'proxy.test',
    'wrong',
    /\/nowhere\/nginx ENOENT/,
    /^apt install nginx$/,
    /proxy\.nginx\.test/,
  );
  const version = join(dir, 'proxy', 'version');
  const right = await readFile(version, 'utf8');
  await writeFile(version, '123\n');
  says(
    t,
    await look(),
    'proxy.reload',
    'wrong',
    /instead of version 123/,
    /include \/.*proxy\/nginx\.conf;/,
    /nginx -t && .*nginx -s reload/,
  );
  await writeFile(version, right);

  const nginx = 'proxy.nginx';
  says(
    t,
    await look({ [`${nginx}.certificate_file`]: '/nowhere.pem' }),
    'certificate',
    'wrong',
    /cannot be read: ENOENT/,
    /^certbot certonly .* -d sandbox\.test -d '\*\.sandbox\.test'$/,
  );
  const other = await look({ [`${nginx}.certificate_file`]: world.caFile });
  says(
    t,
    other,
    'certificate',
    'wrong',
    /not for sandbox\.test and \*\.sandbox\.test; .* is not the private key of /,
    /certbot/,
    /openssl/,
  );
  const later = (days: number) => () => Date.now() + days * 86_400_000;
  const late = (await look({}, { now: later(500) })).get('certificate');
  t.match(late, { state: 'wrong', found: /it expired on/ });
  t.match((await look({}, { now: later(390) })).get('certificate'), {
    state: 'warning',
    found: /it expires in \d days/,
  });
  const keyFile = String(
    fields(fields(fields(parse(await readFile(world.configFile, 'utf8')))['proxy'])['nginx'])[
      'certificate_key_file'
    ],
  );
  await chmod(keyFile, 0o644);
  says(t, await look(), 'certificate', 'warning', /everyone can read/, /^chmod o-rwx /);
  await chmod(keyFile, 0o600);

  const acme = (url: string) => ({
    'domains.acme': { enabled: true, directory_url: url, ca_file: world.caFile },
  });
  says(
    t,
    await look(acme('https://127.0.0.1:1/dir')),
    'acme',
    'warning',
    /does not respond: .*ECONNREFUSED/,
    /^curl -s --cacert /,
  );
  says(t, await look(acme(`${world.pve.url}/directory`)), 'acme', 'wrong', /responds with 404/, /^curl /);
});

t.test("the API's certificate, and who is told of alerts", async (t) => {
  const { look, dir, world } = await clinic(t);
  const own = await selfSigned();
  const put = async (name: string, text: string, mode = 0o600): Promise<string> => {
    const file = join(dir, name);
    await writeFile(file, text, { mode });
    return file;
  };
  const cert = await put('api.pem', own.cert);
  const key = await put('api.key', own.key);
  const tls = { cert_file: cert, key_file: key };
  says(
    t,
    await look({ 'api.tls': tls }),
    'api.certificate',
    'warning',
    /it expires in 0 days/,
    /within a minute/,
  );
  const late = { now: () => Date.now() + 3 * 86_400_000 };
  t.match((await look({ 'api.tls': tls }, late)).get('api.certificate'), {
    state: 'wrong',
    found: /it expired on/,
  });
  says(t, await look({ 'api.host': '0.0.0.0' }), 'api.certificate', 'warning', /unencrypted/, /api\.tls/);
  const behind = { 'api.host': '0.0.0.0', 'api.trusted_proxies': ['192.0.2.1'] };
  t.match((await look(behind)).get('api.certificate'), { state: 'ok', found: /192\.0\.2\.1 provides TLS/ });

  const told = (...hooks: object[]): Lines => look({ 'alerts.hooks': hooks });
  const page = await put('page', '#!/bin/sh\n', 0o700);
  t.match(
    (await told({ name: 'a', command: [page] }, { name: 'b', command: ['true'] })).get('alerts.hooks'),
    {
      state: 'ok',
      found: 'a, b',
    },
  );
  const gone = await told({ name: 'a', command: ['no-such-pager'] }, { name: 'b', command: ['true'] });
  says(t, gone, 'alerts.hooks', 'wrong', /^a: \S+ cannot run no-such-pager/, /^chmod \+x/);
  const secret = async (url: string): Promise<object> => ({ file: await put('url', url) });
  const at = async (url: string, caFile?: string) =>
    told({ name: 'chat', url: await secret(url), ...(caFile === undefined ? {} : { ca_file: caFile }) });
  const { host } = new URL(world.pve.url);
  t.match((await at(`https://${host}/secret-path`, world.caFile)).get('alerts.hooks'), { state: 'ok' });
  const untrusted = await at(`https://${host}/secret-path`);
  says(t, untrusted, 'alerts.hooks', 'warning', /^chat: cannot connect .*\([A-Z_]+\)$/, /ca_file of chat/);
  const refused = await at('https://127.0.0.1:1/secret-path');
  says(t, refused, 'alerts.hooks', 'warning', /\(ECONNREFUSED\)/, /alerts\.hooks/);
  t.notMatch(JSON.stringify([...untrusted, ...refused]), /secret-path/);
});

t.test('the state and the daemon', async (t) => {
  const { look, dir } = await clinic(t);
  const file = join(dir, 'file');
  await writeFile(file, '');
  says(
    t,
    await look({ 'agent.state_dir': join(file, 'x'), 'api.socket': join(tmpdir(), 'innkeeper-doctor.sock') }),
    'state.folder',
    'wrong',
    /cannot write to|ENOTDIR/,
  );
  const stateDir = join(dir, 'agent');
  await mkdir(stateDir, { mode: 0o700 });
  const key = await loadStateKey({ state_key: null, agent: { state_dir: stateDir } });
  const state = await openState({ dir: stateDir, key, clock: systemClock });
  for (const n of [1, 2])
    await state.services.commit(`default/${n}`, () =>
      sampleService(String(n), { addresses: [address(`10.77.0.${9 + n}`)] }),
    );
  await state.close();
  t.match((await look()).get('state.integrity'), {
    state: 'ok',
    found: '2 documents and 2 secrets are intact',
  });
  const pool = { name: 'p', first: '10.77.0.10', prefix: 22, gateway: '10.77.0.1' };
  const pools = (last: string) => ({ 'addresses.pools': [{ ...pool, last }] });
  says(
    t,
    await look(pools('10.77.0.11')),
    'addresses',
    'wrong',
    /no address is available for another site \(IPv4\)/,
    /addresses\.pools/,
  );
  says(t, await look(pools('10.77.0.12')), 'addresses', 'ok', /p: 1 of 3 are free/);

  await chmod(stateDir, 0o755);
  says(t, await look(), 'state.folder', 'warning', /other users can read/, /^chmod 700 /);
  await chmod(stateDir, 0o700);
  await rm(join(stateDir, 'secret.key'));
  const keyless = await look();
  says(t, keyless, 'state.integrity', 'wrong', /the key of the secrets is missing/, /secret\.key/);
  const [folder = ''] = await readdir(join(stateDir, 'services'));
  const [name = ''] = await readdir(join(stateDir, 'services', folder));
  await writeFile(join(stateDir, 'services', folder, name), '{');
  says(
    t,
    await look(),
    'state.integrity',
    'wrong',
    /default~\d\.json it is not complete JSON/,
    /^innkeeper state verify --config \//,
  );

  const dead = { ...DOWN, isEnabled: async () => true };
  t.match((await look({ 'agent.state_dir': join(dir, 'never') }, { daemon: dead })).get('daemon'), {
    state: 'wrong',
    found: 'it is not running',
    fix: [/journalctl/, 'systemctl start innkeeper'],
  });

  const broken = { ...DOWN, readiness: async () => ({ version: VERSION, problem: 'it cannot write' }) };
  t.match((await look({}, { daemon: broken })).get('daemon'), {
    state: 'wrong',
    found: 'it is running but not ready: it cannot write',
    fix: [/journalctl/, 'systemctl restart innkeeper'],
  });
  for (const version of ['0.0.9', undefined]) {
    const other = { ...DOWN, readiness: async () => ({ version }) };
    t.match((await look({}, { daemon: other })).get('daemon'), {
      state: 'warning',
      found: `it is running release ${version ?? 'unknown'}, but release ${VERSION} is installed`,
      fix: ['systemctl restart innkeeper'],
    });
  }
});

t.test('what waits for a person, and a daemon that has died, are wrong', async (t) => {
  const { look, dir } = await clinic(t);
  const stateDir = join(dir, 'agent');
  await mkdir(stateDir, { mode: 0o700 });
  const key = await loadStateKey({ state_key: null, agent: { state_dir: stateDir } });
  const state = await openState({ dir: stateDir, key, clock: systemClock });
  const error = {
    code: 'container_host_failed',
    message: 'No.',
    detail: 'CT is locked',
    retryable: false,
  } as const;
  const end = { endedAt: '2026-01-02T03:04:05.000Z', error: { ...error, step: 'destroy' } };
  const stuck = sampleJob({ method: 'delete', status: 'stuck', ...end });
  const failed = sampleJob({ status: 'failed', ...end });
  await state.services.commit('default/1', () => sampleService('1', { jobs: [stuck] }));
  await state.services.commit('shop/2', () =>
    sampleService('2', { panel: 'shop', lifecycle: 'failed', vmid: null, addresses: [], jobs: [failed] }),
  );
  const alert = (kind: AlertKind, clearedAt: string | null, { alerts } = state) => {
    const id = v7();
    const record: AlertRecord = {
      ...{ schema: 1, id, kind, subject: kind, panel: null, serviceId: null, text: `${kind} it is.` },
      ...{
        commands: ['innkeeper reconcile --dry-run'],
        data: {},
        raisedAt: end.endedAt,
        clearedAt,
        told: {},
      },
    };
    return alerts.commit(id, () => record);
  };
  await alert('drift', null);
  await alert('pool_low', end.endedAt);
  await alert('job_stuck', null);
  await state.close();

  const lines = await look();
  t.match(lines.get('daemon'), {
    state: 'wrong',
    found: 'it is not running',
    fix: [/./, 'systemctl start innkeeper'],
  });
  t.match(lines.get('jobs'), {
    state: 'wrong',
    found:
      /^delete of service 1 is stuck\. At the step "destroy": No: CT is locked\.\ncreate of service 2 failed /,
    fix: [
      `innkeeper job show ${stuck.id}`,
      'innkeeper service retry 1',
      `innkeeper job show ${failed.id} --panel shop`,
      'innkeeper service retry 2 --panel shop',
    ],
  });
  t.match(lines.get('alerts'), {
    state: 'warning',
    found: /^drift since 2026-\S+: drift it is\.$/,
    fix: ['innkeeper alerts', 'innkeeper reconcile --dry-run'],
  });

  const later = await openState({ dir: stateDir, key, clock: systemClock });
  await alert('system_refused', null, later);
  await later.close();
  t.match((await look()).get('alerts'), {
    state: 'wrong',
    found: /^system_refused since 2026-\S+: system_refused it is\.\ndrift since [^\n]+$/,
  });
});

t.test(
  'a state that does not know what the cluster holds is wrong, and nobody is told to remove it',
  async (t) => {
    const { look, dir, world } = await clinic(t);
    const config = await loadConfig({ file: world.configFile });
    const { proxmox } = config.container_host;
    const pve = proxmoxGuestDriver(proxmox, { clock: systemClock, log: pino({ level: 'silent' }) });
    const mark = { agent: config.agent.id, panel: 'default', service: '1', generation: 2 };
    const make = (at: { vmid: number; mark: Mark }) =>
      pve.ensureContainer(
        {
          ...{ ...at, node: 'pve1', hostname: 's1', tags: [] },
          source: { kind: 'os', volume: proxmox.os_template ?? '' },
          resources: { cores: 1, memoryMb: 512, swapMb: 0, diskGb: 1 },
          addresses: [{ address: '10.77.0.11', prefix: 22, gateway: '10.77.0.1' }],
        },
        plainCall(new AbortController().signal),
      );
    await make({ vmid: 1001, mark });
    await make({ vmid: 9010, mark: templateMark(config.agent.id, 'wordpress') });
    await pve.close();
    const stateDir = join(dir, 'agent');
    const wrongly = {
      state: 'wrong',
      found: /^1 of 1 containers .* not known to the state .*1001 on pve1 \(default\/1\)/,
    };
    const empty = (await look()).get('state.cluster');
    t.match(empty, wrongly, 'an empty state');
    t.ok(empty?.fix.some((command) => command.startsWith('innkeeper state import ')));
    t.notMatch(JSON.stringify(empty), /remove-unknown|remove-orphans/);

    await mkdir(stateDir, { mode: 0o700 });
    const key = await loadStateKey({ state_key: null, agent: { state_dir: stateDir } });
    const life = async (generation: number): Promise<void> => {
      const state = await openState({ dir: stateDir, key, clock: systemClock });
      await state.services.commit('default/1', () => sampleService('1', { generation, vmid: 1001 }));
      await state.close();
    };
    await life(1);
    t.match((await look()).get('state.cluster'), wrongly, 'an old copy');
    await life(2);
    t.match((await look()).get('state.cluster'), {
      state: 'ok',
      found: /^the state knows all 1 containers with the mark/,
    });
  },
);

t.test(
  'a module that throws, ends the process, lacks its file or its settings is wrong, and doctor goes on',
  async (t) => {
    const it = await clinic(t);
    const modules = join(it.dir, 'modules');
    const files = {
      throws: "throw new Error('no such table');",
      leaves: 'process.exit(0);',
      later: 'setTimeout(() => { throw new Error("from a timer"); }, 1); export default class {}',
      lacking: '',
    };
    for (const [name, text] of Object.entries(files)) {
      const folder = join(modules, 'product', name);
      await mkdir(folder, { recursive: true });
      if (text !== '') await writeFile(join(folder, 'module.js'), text);
    }
    const config = parse(await readFile(it.world.configFile, 'utf8')) as Record<string, unknown>;
    const own = join(it.dir, 'modules.yaml');
    const changes = {
      'modules.paths': [modules, join(it.dir, 'nowhere')],
      'modules.default_product': 'absent',
      'products.wordpress': { nonsense: 1 },
    };
    await writeFile(own, stringify(changed(config, changes)), { mode: 0o600 });
    const child = spawn(process.execPath, [CLI, 'doctor', '--json', '--config', own]);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    t.equal(code, 1);
    const { checks } = asObject(out);
    const lines = Array.isArray(checks) ? checks.map(fields) : [];
    const found = String(lines.find(({ name }) => name === 'modules')?.['found']);
    for (const said of [
      /throws: .*no such table/,
      /leaves: its code ended the process that loaded it \(exit code 0\)/,
      /later: .*(from a timer|not a class)/,
      /lacking: the folder does not contain module\.js/,
      /nowhere cannot be read/,
      /products\.wordpress\.nonsense: unknown setting/,
      /absent: it is the default product/,
    ])
      t.match(found, said);
    t.match(
      lines.find(({ name }) => name === 'nodes'),
      { state: 'ok' },
      'the rest is looked at all the same',
    );
  },
);

t.test(
  'a module that hangs is named in time, its process is ended, and the others can be used',
  async (t) => {
    const it = await clinic(t);
    const modules = join(it.dir, 'modules');
    const folder = join(modules, 'product', 'hanging');
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, 'module.js'),
      "import { writeFileSync } from 'node:fs';\n" +
        "writeFileSync(new URL('../../pid', import.meta.url), String(process.pid));\n" +
        'await new Promise(() => setInterval(() => {}, 1000));\n',
    );
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    const file = join(it.dir, 'modules.yaml');
    const config = parse(await readFile(it.world.configFile, 'utf8')) as Record<string, unknown>;
    await writeFile(file, stringify(changed(config, { 'modules.paths': [modules] })), { mode: 0o600 });
    const loaded = await loadConfig({ file });
    const pidOf = () => readFile(join(modules, 'pid'), 'utf8').catch(() => undefined);
    // on a busy machine the limit may be over before the module's code runs: that is no proof
    for (let limitS = 1; (await pidOf()) === undefined; limitS *= 2) {
      const survey = await surveyCatalogue({
        ...loaded,
        modules: { ...loaded.modules, read_timeout_s: limitS },
      });
      const said = new RegExp(`did not finish within ${limitS} s`);
      t.match(survey.broken, [{ name: 'hanging', problem: said }]);
      t.ok(survey.products.get('wordpress'));
    }
    const pid = Number(await pidOf());
    t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  },
);

t.test(
  'checks run side by side, each with its own deadline; what needs a failed one is left out',
  async (t) => {
    const check = (name: string, run: Check['run'], after: string[] = []): Check => ({
      name,
      title: name,
      after,
      look: ['look'],
      withinMs: 50,
      run,
    });
    const progress: string[] = [];
    const lines = await runChecks(
      [
        check('dead', () => new Promise(() => {})),
        check('behind', async () => ok('x'), ['dead']),
        check('further', async () => ok('x'), ['behind']),
        check('thrown', () => Promise.reject(new Error('it broke'))),
        check('warned', async () => warning('hm')),
        check('after a warning', async () => ok('x'), ['warned']),
        check('wrong', async () => wrong('bad', 'fix it')),
      ],
      (done, all, open) => progress.push(`${done} of ${all}, ${open}`),
    );
    t.same(
      progress.slice(0, 5),
      [0, 1, 2, 3, 4].map((done) => `${done} of 7, dead`),
    );
    t.match(progress.at(-1), /^6 of 7, /);
    t.match(lines, [
      { state: 'wrong', found: 'no response within 0.05 s', fix: ['look'] },
      { state: 'not_checked', found: 'not checked: first fix "dead"' },
      { state: 'not_checked' },
      { state: 'wrong', found: 'it broke', fix: ['look'] },
      { state: 'warning' },
      { state: 'ok' },
      { state: 'wrong', fix: ['fix it'] },
    ]);
  },
);

function doctor(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, 'doctor', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => (out += String(text)));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += String(text)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

t.test('the command works beside a daemon, which goes on unharmed, and tells no secret', async (t) => {
  const around = await surroundings(t);
  const served = await around.serve();
  await served.call('POST', '/create-site', {
    service_id: '1',
    email: 'a@example.com',
    plan: 'basic',
    public_ip: '203.0.113.10',
  });
  const up = await doctor('--config', around.configFile, '--json');
  t.equal(up.code, 0, up.out + up.err);
  const { ok: well, checks } = asObject(up.out);
  t.equal(well, true);
  const lines = Object.values(fields(checks)).map(fields);
  t.same(
    lines.filter(({ state }) => state !== 'ok'),
    [],
  );
  t.equal(lines.length, 33);
  t.match(lines.find(({ name }) => name === 'daemon')?.['found'], /it is running and ready/);
  // the state of the event log, and one record for each shipped module
  t.match(lines.find(({ name }) => name === 'state.integrity')?.['found'], /^4 documents/);
  t.match(await served.call('GET', '/ready'), { status: 200 });

  await around.fault({ target: 'dns', kind: { down: true } });
  const bad = await doctor('--config', around.configFile);
  t.equal(bad.code, 1);
  t.match(bad.out, /^WRONG {4}DNS: writing and reading back .*\n {9}fix: systemctl status pdns\n/m);
  t.match(bad.out, /\n1 wrong, 0 warnings, 0 not checked\.\n$/);
  for (const name of await readdir(join(around.stateDir, 'secrets'))) {
    const secret = (await readFile(join(around.stateDir, 'secrets', name), 'utf8')).trim();
    t.notOk((up.out + bad.out + bad.err).includes(secret), `${name} is not told`);
  }
  served.child.kill('SIGTERM');
  await served.gone;
  await around.noFaults();
  const down = await doctor('--config', around.configFile);
  t.match(down, {
    code: 1,
    out: /^WRONG {4}the daemon +it is not running\n +fix: journalctl .*\n +fix: systemctl start innkeeper\n(ok .*\n)+\n1 wrong, 0 warnings, 0 not checked\.\n$/m,
  });

  const broken = join(around.stateDir, 'broken.yaml');
  await writeFile(broken, 'agent: {id: 5}\n');
  const unusable = await doctor('--config', broken, '--json');
  t.equal(unusable.code, 1);
  t.match(asObject(unusable.out), {
    ok: false,
    checks: [
      {
        name: 'config',
        state: 'wrong',
        found: /agent\.id/,
        mend: [/broken\.yaml$/, /^innkeeper config check --config \/.*broken\.yaml$/],
      },
    ],
  });
});
