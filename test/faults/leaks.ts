/** What state says against what is there: containers, snapshots, HA, DNS, proxy. Everything that belongs to one service, exactly once or not at all. */
import { type Fields, fieldsOf, listOf, type Stage } from './stage.js';

/** One sentence per difference; empty when all agrees. Only services whose id begins with `prefix`. `stops`: by the customer's wish they may be stopped. */
export async function leaks(stage: Stage, prefix: string, stops: boolean): Promise<string[]> {
  const [services, containers, zone, sites, ha, rules] = await Promise.all([
    stage.services(),
    stage.containers(),
    stage.zone(),
    stage.sites(),
    stage.pve('/cluster/ha/resources').then(listOf),
    stage.pve('/cluster/ha/rules').then(listOf),
  ]);
  const world = { containers, zone, sites, ha, rules };
  const own = services.filter(({ id }) => String(id).startsWith(prefix));
  const power = await Promise.all(own.map((service) => powerOf(stage, service, stops)));
  return [...own.flatMap((service) => ofService(service, world)), ...power.flat()];
}

async function powerOf(stage: Stage, service: Fields, stops: boolean): Promise<string[]> {
  const { id, lifecycle, node, vmid } = service;
  const wanted = lifecycle === 'suspended' ? 'stopped' : 'running';
  if (!['active', 'suspended'].includes(String(lifecycle)) || (stops && wanted === 'running')) return [];
  const status = fieldsOf(await stage.pve(`/nodes/${String(node)}/lxc/${String(vmid)}/status/current`));
  return status['status'] === wanted
    ? []
    : [`${String(id)}: it is ${String(status['status'])}, it should be ${wanted}`];
}

interface Found {
  readonly containers: readonly Fields[];
  readonly zone: readonly Fields[];
  readonly sites: readonly Fields[];
  readonly ha: readonly Fields[];
  readonly rules: readonly Fields[];
}

function ofService(service: Fields, { containers, zone, sites, ha, rules }: Found): string[] {
  const id = String(service['id']);
  const here = ['active', 'suspended'].includes(String(service['lifecycle']));
  const wrong: string[] = [];
  const expect = (what: string, found: number, wanted: number): void => {
    if (found !== wanted)
      wrong.push(`${id} (${String(service['lifecycle'])}): ${found} ${what} instead of ${wanted}`);
  };
  const ours = containers.filter(({ config }) =>
    JSON.stringify(fieldsOf(config)['description'] ?? '').includes(`/default/${id}/`),
  );
  expect('containers', ours.length, here ? 1 : 0);
  expect(
    'DNS records',
    zone.filter(({ name }) => name === `${String(service['fqdn'])}.`).length,
    here ? 1 : 0,
  );
  const shown = sites.filter(({ mark }) => fieldsOf(mark)['service'] === id);
  expect('proxy sites', shown.length, here ? 1 : 0);
  const ruled = rules.filter(({ comment }) => JSON.stringify(comment ?? '').includes(`/default/${id}/`));
  if (ruled.length > (here ? 1 : 0)) wrong.push(`${id}: ${ruled.length} HA rules`);
  const [container] = ours;
  if (!here || !container) return wrong;
  const config = fieldsOf(container['config']);
  const plan = fieldsOf(service['plan']);
  if (Number(container['vmid']) !== service['vmid'])
    wrong.push(`${id}: container ${String(container['vmid'])}, known as ${String(service['vmid'])}`);
  if (Number(config['memory']) !== plan['memoryMb'])
    wrong.push(`${id}: memory ${String(config['memory'])}, sold ${String(plan['memoryMb'])}`);
  if (config['lock'] !== undefined) wrong.push(`${id}: the lock ${JSON.stringify(config['lock'])} is left`);
  const disk = /size=(\d+)G/.exec(String(config['rootfs']))?.[1];
  if (disk !== undefined && Number(disk) !== plan['diskGb'])
    wrong.push(`${id}: disk ${disk}, sold ${String(plan['diskGb'])}`);
  expect('HA resources', ha.filter(({ sid }) => sid === `ct:${String(container['vmid'])}`).length, 1);
  const names = (list: Fields[]): string =>
    list
      .map(({ name }) => String(name))
      .sort()
      .join();
  const kept = Object.keys(fieldsOf(container['snapshots'])).sort().join();
  if (kept !== names(listOf(service['snapshots'])))
    wrong.push(`${id}: snapshots ${kept}, known ${names(listOf(service['snapshots']))}`);
  const [host] = shown;
  const state =
    listOf([service])[0]?.['lifecycle'] === 'suspended'
      ? 'suspended'
      : service['proxyEnabled'] === false
        ? 'disabled'
        : 'enabled';
  if (host && host['state'] !== state)
    wrong.push(`${id}: the proxy shows it ${String(host['state'])}, it is ${state}`);
  const domains = listOf(service['domains']).map(({ domain }) => String(domain));
  const served = Array.isArray(host?.['names']) ? host['names'].map(String) : [];
  for (const domain of domains) if (!served.includes(domain)) wrong.push(`${id}: ${domain} is not served`);
  for (const name of served)
    if (name !== service['fqdn'] && !domains.some((domain) => name === domain || name === `www.${domain}`))
      wrong.push(`${id}: ${name} is served and not his`);
  return wrong;
}
