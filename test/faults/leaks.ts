/**
 * What state says against what is there: containers, snapshots, HA, firewall, DNS, proxy, certificates. Everything
 * that belongs to one service, exactly once or not at all.
 */
import { domainOf } from './operations.js';
import { type Fields, fieldsOf, listOf, type Stage } from './harness.js';

/**
 * One sentence per difference; empty when all agrees. Only services whose id begins with `prefix`. `stops`: by the
 * customer's wish they may be stopped.
 */
export async function leaks(stage: Stage, prefix: string, stops: boolean): Promise<string[]> {
  const [services, containers, zone, sites, certificates, ha, rules] = await Promise.all([
    stage.services(),
    stage.containers(),
    stage.zone(),
    stage.sites(),
    stage.certificates(),
    stage.pve('/cluster/ha/resources').then(listOf),
    stage.pve('/cluster/ha/rules').then(listOf),
  ]);
  const world = { containers, zone, sites, certificates, ha, rules };
  const own = services.filter(({ id }) => String(id).startsWith(prefix));
  const power = await Promise.all(own.map((service) => powerOf(stage, service, stops)));
  return [...own.flatMap((service) => ofService(service, world, stops)), ...power.flat()];
}

const lives = (service: Fields): boolean => ['active', 'suspended'].includes(String(service['lifecycle']));

/** Deleted, and its container kept for a while. */
const isHeld = ({ lifecycle, deletion, vmid }: Fields): boolean =>
  lifecycle === 'terminated' &&
  vmid !== null &&
  Date.parse(String(fieldsOf(deletion)['purgeAt'])) > Date.now();

async function powerOf(stage: Stage, service: Fields, stops: boolean): Promise<string[]> {
  const { id, lifecycle, node, vmid } = service;
  const wanted = lifecycle === 'suspended' || isHeld(service) ? 'stopped' : 'running';
  if ((!lives(service) && !isHeld(service)) || (stops && wanted === 'running')) return [];
  const status = fieldsOf(await stage.pve(`/nodes/${String(node)}/lxc/${String(vmid)}/status/current`));
  return status['status'] === wanted
    ? []
    : [`${String(id)}: it is ${String(status['status'])}, it should be ${wanted}`];
}

interface Found {
  readonly containers: readonly Fields[];
  readonly zone: readonly Fields[];
  readonly sites: readonly Fields[];
  readonly certificates: readonly Fields[];
  readonly ha: readonly Fields[];
  readonly rules: readonly Fields[];
}

function ofService(service: Fields, world: Found, stops: boolean): string[] {
  const id = String(service['id']);
  const here = lives(service);
  const marked = (text: unknown): boolean => JSON.stringify(text ?? '').includes(`/default/${id}/`);
  const wrong: string[] = [];
  const expect = (what: string, found: number, wanted: number): void => {
    if (found !== wanted)
      wrong.push(`${id} (${String(service['lifecycle'])}): ${found} ${what} instead of ${wanted}`);
  };
  const ours = world.containers.filter(({ config }) => marked(fieldsOf(config)['description']));
  const held = isHeld(service);
  expect('containers', ours.length, here || held ? 1 : 0);
  const records = world.zone.filter(({ name }) => name === `${String(service['fqdn'])}.`);
  expect('DNS records', records.length, here ? 1 : 0);
  for (const { records: list, comments } of records)
    if (!JSON.stringify(list).includes('"203.0.113.10"') || !marked(comments))
      wrong.push(`${id}: its DNS record is ${JSON.stringify(list)}, ${JSON.stringify(comments)}`);
  const shown = world.sites.filter(({ mark }) => fieldsOf(mark)['service'] === id);
  expect('proxy sites', shown.length, here ? 1 : 0);
  const ruled = world.rules.filter(({ comment }) => marked(comment));
  if (ruled.length > (here ? 1 : 0)) wrong.push(`${id}: ${ruled.length} HA rules`);
  const certified = world.certificates.filter(({ names }) =>
    JSON.stringify(names ?? []).includes(domainOf(id)),
  );
  if (certified.length > (here && listOf(service['domains']).length > 0 ? 1 : 0))
    wrong.push(`${id}: ${certified.length} certificates`);
  if (held && world.ha.some(({ sid }) => sid === `ct:${String(service['vmid'])}`))
    wrong.push(`${id}: HA holds what is deleted`);
  if (!here && !held && (service['vmid'] !== null || listOf(service['addresses']).length > 0))
    wrong.push(`${id}: it keeps ${JSON.stringify([service['vmid'], service['addresses']])}`);
  const [container] = ours;
  const [host] = shown;
  if (!here || !container) return wrong;
  return [
    ...wrong,
    ...ofContainer(service, container),
    ...ofHa(service, container, world.ha, stops),
    ...(host ? ofHost(service, host) : []),
  ];
}

function ofContainer(service: Fields, container: Fields): string[] {
  const id = String(service['id']);
  const config = fieldsOf(container['config']);
  const plan = fieldsOf(service['plan']);
  const [address] = listOf(service['addresses']);
  const wrong: string[] = [];
  const differs = (what: string, found: unknown, wanted: unknown): void => {
    if (String(found) !== String(wanted))
      wrong.push(`${id}: ${what} ${String(found)}, it should be ${String(wanted)}`);
  };
  differs('number', container['vmid'], service['vmid']);
  differs('memory', config['memory'], plan['memoryMb']);
  differs('cores', config['cores'], plan['cores']);
  differs('swap', config['swap'], plan['swapMb']);
  differs('hostname', config['hostname'], service['subdomain']);
  differs('lock', config['lock'], undefined);
  differs('disk', gibOf(String(config['rootfs'])), plan['diskGb']);
  differs('file system that did not grow', container['filesystem'], undefined);
  if (!String(config['net0']).includes(`ip=${String(address?.['address'])}/`))
    wrong.push(`${id}: net0 ${String(config['net0'])}`);
  for (const option of ['enable', 'ipfilter', 'macfilter'])
    differs(`firewall ${option}`, fieldsOf(container['firewall'])[option], '1');
  const names = (list: readonly Fields[]): string =>
    list
      .map(({ name }) => String(name))
      .sort()
      .join();
  const kept = Object.keys(fieldsOf(container['snapshots'])).sort().join();
  differs('snapshots', kept, names(listOf(service['snapshots'])));
  return wrong;
}

/** Whole GiB: a file system that did not grow at once gets some MiB more. */
function gibOf(rootfs: string): number {
  const [, size = '', unit] = /size=(\d+)([GM])/.exec(rootfs) ?? [];
  return Math.floor(Number(size) / (unit === 'M' ? 1024 : 1));
}

/** What HA is told: to keep a running site running, and never to start one that is suspended. */
function ofHa(service: Fields, container: Fields, ha: readonly Fields[], stops: boolean): string[] {
  const id = String(service['id']);
  const managed = ha.filter(({ sid }) => sid === `ct:${String(container['vmid'])}`);
  const [resource] = managed;
  if (managed.length !== 1 || !resource) return [`${id}: ${managed.length} HA resources instead of 1`];
  const state = typeof resource['state'] === 'string' ? resource['state'] : 'started';
  const wanted = service['lifecycle'] === 'suspended' ? ['stopped', 'disabled'] : ['started', 'enabled'];
  return stops || wanted.includes(state) ? [] : [`${id}: HA holds it in the state ${state}`];
}

function ofHost(service: Fields, host: Fields): string[] {
  const id = String(service['id']);
  const wrong: string[] = [];
  const state =
    service['lifecycle'] === 'suspended'
      ? 'suspended'
      : service['proxyEnabled'] === false
        ? 'disabled'
        : 'enabled';
  if (host['state'] !== state)
    wrong.push(`${id}: the proxy shows it ${String(host['state'])}, it is ${state}`);
  const [address] = listOf(service['addresses']);
  if (fieldsOf(host['upstream'])['address'] !== address?.['address'])
    wrong.push(`${id}: the proxy leads to ${JSON.stringify(host['upstream'])}`);
  const domains = listOf(service['domains']).map(({ domain }) => String(domain));
  const served = Array.isArray(host['names']) ? host['names'].map(String) : [];
  for (const domain of domains) if (!served.includes(domain)) wrong.push(`${id}: ${domain} is not served`);
  for (const name of served)
    if (name !== service['fqdn'] && !domains.some((domain) => name === domain || name === `www.${domain}`))
      wrong.push(`${id}: ${name} is served and not his`);
  return wrong;
}
