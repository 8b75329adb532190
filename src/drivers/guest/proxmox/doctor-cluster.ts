/** Checks everything that containers need: nodes, storage, pool and templates. */
import type { ClusterView, NodeView } from '../contract.js';
import type { StorageFacts } from './examine.js';
import { isPve } from './pve-error.js';
import { isShared, templatesOf } from './template.js';
import { type Check, ok, type Verdict, warning, wrong, word, worst } from '../../shared/doctor/check.js';
import type { ProxmoxDoctorParts } from './doctor-parts.js';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
/**
 * If less than this share of the storage is free, the check reports a warning. If another site of the smallest plan
 * does not fit, the check reports an error.
 */
const LOW_SHARE = 0.1;

export function clusterChecks(parts: ProxmoxDoctorParts): Check[] {
  const { config, pve } = parts;
  const { proxmox } = config.container_host;
  let looked: Promise<ClusterView> | undefined;
  const look = (signal: AbortSignal): Promise<ClusterView> => (looked ??= pve.look(signal));
  return [
    {
      name: 'nodes',
      title: 'nodes',
      after: ['container_host.token'],
      look: [
        'pvesh get /nodes   # on a node',
        `# in ${parts.configFile}: container_host.proxmox.nodes and .reserve_memory_mb`,
      ],
      run: async (signal) => judgeNodes(parts, await look(signal)),
    },
    {
      name: 'pool',
      title: 'Proxmox pool',
      after: ['container_host.token'],
      look: ['pvesh get /pools   # on a node'],
      run: async (signal) => {
        const { pool } = proxmox;
        if (pool === null) return ok('none is configured');
        const found = await pve.pool(pool, signal);
        if (found === 'missing')
          return wrong(`the pool "${pool}" does not exist`, `pveum pool add ${word(pool)}`);
        if (found === 'hidden')
          return ok(`"${pool}"; without Pool.Audit the agent cannot see whether it exists`);
        return ok(`"${pool}" exists`);
      },
    },
    {
      name: 'storage',
      title: 'storage of the root disks',
      after: ['nodes'],
      look: ['pvesm status   # on a node'],
      run: async (signal) => {
        const nodes = allowedNodes(parts, await look(signal));
        const verdicts = await Promise.all(
          nodes.map(async ({ name }) => {
            try {
              return judgeStorage(parts, name, await pve.storage(name, proxmox.storage, signal));
            } catch (error) {
              const said = error instanceof Error ? error.message : String(error);
              // Proxmox sends the same response for a storage that does not exist and for a storage that the token has
              // no permission to see.
              const why = isPve(error, 'refused')
                ? `it does not exist, or Datastore.Audit on /storage/${proxmox.storage} is missing (${said})`
                : said;
              return wrong(`${proxmox.storage} on ${name}: ${why}`, 'pvesm status');
            }
          }),
        );
        return worst(verdicts, wrong('no node is available'));
      },
    },
    {
      name: 'bridge',
      title: 'bridge of the containers',
      after: ['nodes'],
      look: ['ip -br link show type bridge   # on a node'],
      run: async (signal) => {
        const nodes = allowedNodes(parts, await look(signal));
        const verdicts = nodes.map(async ({ name }) =>
          judgeBridge(parts, name, await pve.bridges(name, signal)),
        );
        return worst(await Promise.all(verdicts), wrong('no node is available'));
      },
    },
    {
      name: 'template',
      title: 'templates of the products',
      after: ['nodes'],
      look: ['pct list   # on a node'],
      run: async (signal) => {
        const view = await look(signal);
        return worst([judgeTemplates(parts, view), ...(await judgeCloning(parts, view, signal))], NO_PRODUCT);
      },
    },
    {
      name: 'os_template',
      title: 'OS template',
      after: ['nodes'],
      look: ['pveam list local   # on a node'],
      run: async (signal) => checkOsTemplate(parts, await look(signal), signal),
    },
  ];
}

export function allowedNodes({ config }: Pick<ProxmoxDoctorParts, 'config'>, view: ClusterView): NodeView[] {
  const { nodes } = config.container_host.proxmox;
  return view.nodes.filter(({ name, online }) => online && (nodes.length === 0 || nodes.includes(name)));
}

function judgeNodes(parts: ProxmoxDoctorParts, view: ClusterView): Verdict {
  const { nodes, ha, reserve_memory_mb: reserve } = parts.config.container_host.proxmox;
  const lists = { nodes, 'ha.nodes': ha.enabled ? ha.nodes : [] };
  for (const [key, names] of Object.entries(lists)) {
    const unknown = names.filter((name) => !view.nodes.some((node) => node.name === name));
    if (unknown.length > 0)
      return wrong(
        `the node ${unknown.join(', ')} does not exist; available: ` +
          view.nodes.map(({ name }) => name).join(', '),
        `# in ${parts.configFile}: container_host.proxmox.${key}`,
      );
  }
  const usable = allowedNodes(parts, view);
  if (usable.length === 0) return wrong('no node that may run containers is online', 'pvecm status');
  const off = view.nodes.filter(
    ({ name, online }) => !online && (nodes.length === 0 || nodes.includes(name)),
  );
  if (off.length > 0) return warning(`offline: ${off.map(({ name }) => name).join(', ')}`, 'pvecm status');
  const blind = usable.filter(({ memoryBytes }) => memoryBytes === 0);
  if (blind.length > 0)
    return wrong(
      `the memory of ${blind.map(({ name }) => name).join(', ')} is unknown: Sys.Audit is missing`,
    );
  const free = usable.map((node) => ({
    ...node,
    mb: (node.memoryBytes - node.memoryUsedBytes) / MIB - reserve,
  }));
  const full = free.filter(({ mb }) => mb < smallest(parts).memoryMb);
  const list = free.map(({ name, mb }) => `${name} ${Math.max(0, Math.floor(mb / 1024))} GiB`).join(', ');
  if (full.length === free.length)
    return wrong(`no node has enough capacity for another site; free: ${list}`);
  if (full.length > 0) return warning(`full: ${full.map(({ name }) => name).join(', ')}; free: ${list}`);
  return ok(`${usable.length} online; free memory: ${list}`);
}

function smallest({ config }: Pick<ProxmoxDoctorParts, 'config'>): { memoryMb: number; diskGb: number } {
  return {
    memoryMb: Math.min(...config.plans.map(({ memoryMb }) => memoryMb)),
    diskGb: Math.min(...config.plans.map(({ diskGb }) => diskGb)),
  };
}

export function judgeStorage(
  parts: Pick<ProxmoxDoctorParts, 'config' | 'configFile'>,
  node: string,
  facts: StorageFacts,
): Verdict {
  const { storage, reserve_disk_gb: reserveGb } = parts.config.container_host.proxmox;
  const where = `${storage} on ${node}`;
  if (!facts.usable)
    return wrong(`${where} is not active`, `pvesm set ${word(storage)} --disable 0`, 'pvesm status');
  if (!facts.content.includes('rootdir'))
    return wrong(
      `${where} does not allow root disks (content: ${facts.content.join(',') || 'nothing'})`,
      `pvesm set ${word(storage)} --content ${[...facts.content, 'rootdir'].join(',')}`,
    );
  if (facts.freeBytes < (smallest(parts).diskGb + reserveGb) * GIB)
    return wrong(
      `${where} is full: ${gib(facts.freeBytes)} of ${gib(facts.totalBytes)} are free, ${reserveGb} GiB of them reserved`,
      'pvesm status',
    );
  if (facts.snapshots === 'none')
    return warning(
      `${where} (${facts.type}) does not support snapshots: its sites have no backups and no reset`,
      `# in ${parts.configFile}: container_host.proxmox.storage: one of lvmthin, zfspool, btrfs or rbd`,
    );
  if (facts.freeBytes < facts.totalBytes * LOW_SHARE)
    return warning(
      `${where} is almost full: ${gib(facts.freeBytes)} of ${gib(facts.totalBytes)} are free`,
      'pvesm status',
    );
  const ability = facts.snapshots === 'newest' ? 'snapshots with rollback to the newest only' : 'snapshots';
  return ok(
    `${where}: ${facts.type}${facts.shared ? ', shared' : ''}, ${ability}, ${gib(facts.freeBytes)} free`,
  );
}

const gib = (bytes: number): string => `${Math.floor(bytes / GIB)} GiB`;

function judgeBridge(
  { config, configFile }: ProxmoxDoctorParts,
  node: string,
  bridges: ReadonlyMap<string, boolean>,
): Verdict {
  const { bridge } = config.container_host.proxmox;
  const active = bridges.get(bridge);
  if (active === true) return ok(`${bridge} is up on ${node}`);
  if (active === false) return wrong(`${bridge} is down on ${node}`, `ifup ${word(bridge)}   # on ${node}`);
  const others = [...bridges.keys()].join(', ');
  return wrong(
    `${node} lists no bridge "${bridge}"${others === '' ? '' : `, only ${others}`}: the bridge ` +
      'does not exist, or the token lacks SDN.Use on it',
    `# in ${configFile}: container_host.proxmox.bridge`,
  );
}

function judgeTemplates(parts: ProxmoxDoctorParts, view: ClusterView): Verdict {
  const { storage } = parts.config.container_host.proxmox;
  const nodes = allowedNodes(parts, view).map(({ name }) => name);
  const verdicts = parts.products.flatMap(({ name: product, source }): Verdict[] => {
    const name = source?.template;
    if (source?.kind !== 'template' || name === undefined) return [];
    const on = new Set(templatesOf(view, name).map(({ node }) => node));
    const build = `innkeeper template build ${product} --config ${word(parts.configFile)}`;
    if (on.size === 0) return [wrong(`${product}: the template "${name}" does not exist`, build)];
    const without = isShared(view, storage) ? [] : nodes.filter((node) => !on.has(node));
    if (without.length > 0)
      return [
        warning(
          `${product}: "${name}" is not on ${without.join(', ')}, so no sites are created there`,
          build,
        ),
      ];
    return [ok(`${product}: "${name}" is on ${[...on].sort().join(', ')}`)];
  });
  return worst(verdicts, NO_PRODUCT);
}

const NO_PRODUCT = ok('no product uses a template');

/**
 * A template is a separate guest. If it was created manually, it may not be in the pool on which the token has its
 * privileges.
 */
async function judgeCloning(
  parts: ProxmoxDoctorParts,
  view: ClusterView,
  signal: AbortSignal,
): Promise<Verdict[]> {
  const { pool } = parts.config.container_host.proxmox;
  const used = parts.products.flatMap(({ name, source }) => {
    if (source?.kind !== 'template' || source.template === undefined) return [];
    return templatesOf(view, source.template).map(({ vmid }) => ({ product: name, vmid }));
  });
  const held = await Promise.all(
    used.map(({ vmid }) => parts.pve.privileges(`/vms/${vmid}`, undefined, signal)),
  );
  const refused = used.filter((_, n) => held[n]?.has('VM.Clone') !== true);
  const first = refused[0];
  if (first === undefined) return [];
  const where = pool === null ? '' : `: the template is not in the pool "${pool}"`;
  const vmids = [...new Set(refused.map(({ vmid }) => vmid))].sort((a, b) => a - b).join(',');
  return [
    wrong(
      `${first.product}: VM.Clone is missing on /vms/${vmids.replace(/,.*/, '')}${where}`,
      pool === null
        ? `pveum user permissions ${word(parts.config.container_host.proxmox.token_id)} --path /vms/${first.vmid}`
        : `pveum pool modify ${word(pool)} --vms ${vmids} --allow-move 1`,
    ),
  ];
}

async function checkOsTemplate(
  parts: ProxmoxDoctorParts,
  view: ClusterView,
  signal: AbortSignal,
): Promise<Verdict> {
  const { os_template: volume } = parts.config.container_host.proxmox;
  const fromScratch = parts.products.filter(({ source }) => source?.kind === 'os');
  if (volume === null) {
    const names = fromScratch.map(({ name }) => name).join(', ');
    const set = `# in ${parts.configFile}: container_host.proxmox.os_template`;
    return names === ''
      ? ok('none is configured; `template build` requires one')
      : wrong(
          `none is configured, but ${names} is created from one`,
          'pveam update; pveam available --section system',
          set,
        );
  }
  const [storage = '', path = ''] = volume.split(':');
  const without: string[] = [];
  for (const { name } of allowedNodes(parts, view))
    if (!(await parts.pve.hasVolume(name, volume, signal))) without.push(name);
  if (without.length === 0) return ok(`${volume} is on every node`);
  const fix = `pveam update; pveam download ${word(storage)} ${word(path.replace(/^vztmpl\//, ''))}`;
  const found = `${volume} is not on ${without.join(', ')}`;
  return fromScratch.length > 0
    ? wrong(found, fix)
    : warning(`${found}; \`template build\` needs it there`, fix);
}
