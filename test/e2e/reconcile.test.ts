import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { powerDnsDriver } from '../../src/drivers/dns/powerdns/index.js';
import { plainCall } from '../../src/drivers/shared/call.js';
import { fields } from '../http/harness.js';
import { connectDaemon } from '../../src/cli/shared/daemon.js';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load.js';
import { ALL_PRIVILEGES } from '../../src/sandbox/pve/grants.js';
import { type Fields, type House, openHouse } from './harness.js';

const CLI = fileURLToPath(new URL('../../src/innkeeper.cjs', import.meta.url));

/** `innkeeper reconcile` as an operator runs it. */
function command(
  { configFile }: House,
  ...flags: string[]
): Promise<{ code: number; out: string; err: string }> {
  const args = [CLI, 'reconcile', '--config', configFile, ...flags];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

const call = () => plainCall(AbortSignal.timeout(30_000));

interface Opened extends House {
  readonly config: Config;
  /** Asks the daemon as the command line does. */
  readonly daemon: Awaited<ReturnType<typeof connectDaemon>>;
}

async function open(t: Test, reconcile: object): Promise<Opened> {
  const house = await openHouse(t, { config: async () => ({ reconcile }) });
  const { configFile } = house;
  return {
    ...house,
    config: await loadConfig({ file: configFile }),
    daemon: await connectDaemon(configFile, 'default'),
  };
}

function dnsOf(world: Opened) {
  const { powerdns, ttl_s: ttlS } = world.config.dns;
  if (!powerdns) throw new Error('the world has no PowerDNS');
  return powerDnsDriver(powerdns, ttlS);
}

/** Two looks, as the command line asks for them. */
async function report(world: Opened): Promise<Record<string, unknown>> {
  for (;;) {
    const answer = await world.daemon.call('POST', '/reconcile');
    if (answer['looking'] !== true) return answer;
  }
}

const rows = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fields) : []);

async function containers(world: Opened): Promise<{ vmid: number; node: string; status: string }[]> {
  const all = rows(await world.pve('/cluster/resources'));
  return all
    .filter(({ type, template }) => type === 'lxc' && template !== 1)
    .map(({ vmid, node, status }) => ({ vmid: Number(vmid), node: String(node), status: String(status) }));
}

t.test('drift is found, told to whom it concerns, and repaired where that is safe', async (t) => {
  const world = await open(t, { every_s: 3600, confirm_s: 1 });
  await world.make('1');
  const quiet = await report(world);
  t.match(quiet, { findings: [], orphans: [], unknown: [], compared: 1, pending: 0 });

  const [guest] = await containers(world);
  if (!guest) throw new Error('no container');
  const path = `/nodes/${guest.node}/lxc/${guest.vmid}`;
  await world.pve(`${path}/config`, 'PUT', { memory: '512' });
  const dns = dnsOf(world);
  t.teardown(() => dns.close());
  const [record] = await dns.list(call());
  if (record?.mark === undefined) throw new Error('no record');
  await dns.removeRecord({ name: record.name, type: 'A', mark: record.mark }, call());

  const seen = await report(world);
  const found = rows(seen['findings']).map(
    ({ part, problem, safe }) => `${String(part)} ${String(problem)} ${String(safe)}`,
  );
  t.same(found.sort(), ['dns missing true', 'resources different true']);
  const status = await world.status('1');
  t.match(status, { status: 'running', drift: [{ since: String }, { since: String }] });
  t.notMatch(JSON.stringify(status['drift']), /memory|512|203\.0/, 'what exactly is for operators');
  t.match((await world.call('GET', '/services?drift=true')).body, { services: [{ service_id: '1' }] });
  t.match((await world.call('GET', '/services?drift=false')).body, { services: [] });
  t.match(await world.daemon.call('GET', '/services/1'), {
    drift_details: [{ expected: String }, { expected: String }],
  });
  t.match(world.log.join(''), /"alarm":"drift"/);

  const shown = await command(world, '--dry-run');
  t.equal(shown.code, 0);
  t.match(shown.out, /^1 services compared/);
  t.match(shown.out, /\nPANEL +SERVICE ID +PART +PROBLEM +EXPECTED +FOUND +ACTION\n/);
  t.match(shown.out, /\ndefault +1 +resources +different +memoryMb 2048 +memoryMb 512 +repair\n/);
  t.match(shown.out, /\ndefault +1 +dns +missing .* no record with the mark +repair\n/);
  t.match((await world.call('GET', '/jobs?service_id=1')).body, { jobs: { length: 1 } }, 'only shown');
  t.match(fields(await world.pve(`${path}/config`)), { memory: 512 });

  const done = await command(world);
  t.equal(done.code, 0);
  t.match(done.out, /\nPANEL +SERVICE ID/, 'the plan comes first');
  const [, id = ''] =
    /\nrepair of default\/1 \((?:resources,dns|dns,resources)\): job (\S+)\n/.exec(done.out) ?? [];
  await world.until(`/jobs/${id}`, ({ status: word }) => word === 'completed');
  t.match(await report(world), { findings: [], orphans: [] });
  t.match(await command(world), { code: 0, out: /no differences/ });
  t.match(await world.status('1'), { drift: [] });
  t.match(fields(await world.pve(`${path}/config`)), { memory: 2048 });
});

t.test('nothing without our mark is touched, however much it looks like ours', async (t) => {
  const world = await open(t, { every_s: 3600, confirm_s: 1, mode: 'repair' });
  await world.make('1');
  await world.make('2');
  const agent = world.config.agent.id;
  const own = await containers(world);
  const [first] = own;
  if (!first) throw new Error('no container');
  const [, panel = ''] = /\/(\w+)\//.exec('innkeeper:x/default/1/1') ?? [];
  const mark = (who: string, service: string, generation = 1) =>
    `innkeeper:${who}/${panel}/${service}/${generation}`;
  const foreign: [number, Record<string, string>][] = [
    [5001, { description: mark(`${agent}2`, '1') }],
    [5002, { description: mark(agent.slice(0, -1), '1') }],
    [5003, { description: mark(agent, '1', 9) }],
    [5004, { description: `copied from ${mark(agent, '77')}, keep` }],
    [5005, { tags: 'innkeeper;panel-default' }],
    [5006, { description: `x${mark(agent, '77')}` }],
    [5007, { description: mark(agent, '1'), hostname: 's1' }],
    [5008, { hostname: 'innkeeper-1' }],
  ];
  const grants = async (method: 'PUT' | 'DELETE', body?: object): Promise<void> => {
    const answer = await fetch(`${world.world.control}/grants`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  };
  // a person made them: our token may not set tags on a number that is nobody's yet
  await grants('PUT', { privsep: false, user: { '/': ALL_PRIVILEGES }, token: {} });
  for (const [vmid, config] of foreign) {
    await world.pve(`/nodes/${first.node}/lxc`, 'POST', {
      vmid: String(vmid),
      pool: 'innkeeper',
      ostemplate: world.config.container_host.proxmox.os_template ?? '',
      rootfs: `${world.config.container_host.proxmox.storage}:1`,
      unprivileged: '1',
      ...config,
    });
  }
  await grants('DELETE');
  // an orphan without any doubt: of a service that has ended
  await world.post('/delete-site', { service_id: '2' });
  await world.until('/status?service_id=2', ({ vmid }) => vmid === null);
  const dns = dnsOf(world);
  t.teardown(() => dns.close());
  const zone = world.config.agent.base_domain;
  const ended = { agent, panel: 'default', service: '2', generation: 1 };
  await dns.ensureRecord({ name: `left.${zone}`, type: 'A', values: ['203.0.113.10'], mark: ended }, call());
  const others = { ...ended, agent: `${agent}2` };
  await dns.ensureRecord(
    { name: `theirs.${zone}`, type: 'A', values: ['203.0.113.10'], mark: others },
    call(),
  );
  await world.until('/status?service_id=2', () => true);
  const present = (list: { vmid: number }[]): number[] => list.map(({ vmid }) => vmid).sort();
  while ((await containers(world)).length !== own.length - 1 + foreign.length) await delay(200);
  const before = await containers(world);
  const configs = await Promise.all(
    foreign.map(([vmid]) => world.pve(`/nodes/${first.node}/lxc/${vmid}/config`)),
  );

  const seen = await report(world);
  const orphans = rows(seen['orphans']);
  t.same(
    orphans.map(({ what }) => String(what)).sort(),
    [
      `DNS record left.${zone} A`,
      `container 5003 on ${first.node}`,
      `container 5004 on ${first.node}`,
      `container 5007 on ${first.node}`,
    ],
    'only what bears the mark of this agent is even listed',
  );
  const done = await world.daemon.call('POST', '/reconcile/repair', {
    findings: rows(seen['findings']).map(({ id }) => id),
    orphans: [
      ...orphans.map(({ id }) => id),
      `container container 5001 on ${first.node} ${mark(`${agent}2`, '1')}`,
    ],
    unknown: true,
  });
  const removed = rows(done['removals']).filter(({ problem }) => problem === null);
  t.same(
    removed.map(({ what }) => what),
    [`DNS record left.${zone} A`],
  );
  const commanded = await command(world, '--remove-orphans', '--remove-unknown', 'default/77/1');
  t.match(commanded.out, /container 5004 on \S+ .*kept: its description contains more than the mark/);
  t.notMatch(commanded.out, /removed\n/, 'nor does the command name what leaves a doubt');
  t.equal(commanded.code, 0, commanded.err);
  t.same(present(await containers(world)), present(before));
  t.same(
    await Promise.all(foreign.map(([vmid]) => world.pve(`/nodes/${first.node}/lxc/${vmid}/config`))),
    configs,
    'nor was any of them changed',
  );
  t.ok(await dns.find(`theirs.${zone}`, 'A', call()));
  t.equal(await dns.find(`left.${zone}`, 'A', call()), undefined);
  t.match(await world.status('1'), { status: 'running', drift: [] });
});

t.test(
  'in repair mode the schedule puts right what is safe, and a dead DNS server is no drift',
  async (t) => {
    const world = await open(t, { every_s: 1, confirm_s: 1, mode: 'repair' });
    await world.make('1');
    await world.fault({ target: 'dns', kind: { down: true } });
    // it may have joined a look that had begun before
    await report(world);
    t.match(await report(world), { findings: [], unknown: ['dns'] });
    await world.noFaults();
    const dns = dnsOf(world);
    t.teardown(() => dns.close());
    const [record] = await dns.list(call());
    if (record?.mark === undefined) throw new Error('no record');
    await dns.removeRecord({ name: record.name, type: 'A', mark: record.mark }, call());
    const found = async () => dns.find(record.name, 'A', call());
    while ((await found()) === undefined) await new Promise((resolve) => setTimeout(resolve, 200));
    t.match(await found(), { values: ['203.0.113.10'], mark: record.mark });
  },
);
