/** The list of a node's containers, and a new one from an OS template. */
import { volumeName, containerStorage, discard } from '../volumes.js';
import type { JsonObject } from '../../../domain/json.js';
import { parsePropertyString } from '../check.js';
import {
  addToPool,
  type Call,
  containerOf,
  fork,
  holdConfig,
  holdStorage,
  isSet,
  refuseMissingPool,
  refuseTaken,
  takes,
  vmidOf,
} from '../cluster.js';
import {
  backendContainer,
  CONFIG_PROPERTIES,
  normalNet,
  normalTags,
  ROOTFS,
  rootDisk,
  sizeOf,
} from '../ct-config.js';
import { die, messageOf, PveError } from '../failure.js';
import { type StorageOption } from '../options.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import { refuseForTokens } from './lxc-config.js';
import { startInTask } from './lxc-power.js';

const flag = { type: 'boolean', optional: 1 } as const;
const word = { type: 'string', optional: 1 } as const;

/** `local-btrfs:8` -> storage and GiB */
function wishedDisk(call: Call): { storage: StorageOption; gib: number; options: string } {
  const { storage: fallback = 'local', rootfs } = call.values;
  if (rootfs === undefined) return { storage: containerStorage(call, fallback), gib: 4, options: '' };
  const { volume = '', ...rest } = parsePropertyString(ROOTFS, rootfs);
  if (volume.startsWith('/')) die('Only root can pass arbitrary filesystem paths.');
  const [, name = fallback, size = ''] =
    /^(?:([a-z][a-z0-9\-_.]*[a-z0-9]):)?(\d+(?:\.\d+)?)$/i.exec(volume) ?? [];
  if (size === '') die(`unable to create CT ${vmidOf(call)} - unable to parse volume ID '${volume}'`);
  delete rest['size'];
  const options = Object.entries(rest).map(([key, value]) => `,${key}=${value}`);
  return { storage: containerStorage(call, name), gib: Number(size), options: options.join('') };
}

const NOT_CONFIG = new Set([
  ...['node', 'vmid', 'ostemplate', 'password', 'storage', 'force', 'restore', 'pool', 'start', 'bwlimit'],
  ...['ignore-unpack-errors', 'ssh-public-keys', 'ha-managed', 'unique', 'rootfs', 'lock', 'template'],
]);

function newConfig(call: Call, rootfs: string): Record<string, string> {
  const { cluster, values } = call;
  const config: Record<string, string> = {
    arch: 'amd64',
    hostname: `CT${vmidOf(call)}`,
    memory: '512',
    swap: '512',
    ostype: 'debian',
    ...(cluster.version === '9.1' ? { unprivileged: '1' } : {}),
    lock: 'create',
  };
  for (const [key, value] of Object.entries(values)) {
    if (NOT_CONFIG.has(key)) continue;
    if (key.startsWith('net')) config[key] = normalNet(value);
    else config[key] = key === 'tags' ? normalTags(value) : value;
  }
  if (config['unprivileged'] === '0') delete config['unprivileged'];
  return { ...config, rootfs };
}

async function create(call: Call): Promise<string> {
  const { cluster, values } = call;
  const vmid = vmidOf(call);
  const { node = '', pool, ostemplate = '' } = values;
  refuseTaken(cluster, vmid);
  refuseMissingPool(cluster, pool);
  refuseForTokens(values);
  const disk = wishedDisk(call);
  const volume = volumeName(disk.storage, vmid);
  const rootfs = `${volume}${disk.options},size=${sizeOf(disk.gib)}`;
  await holdConfig(
    call,
    vmid,
    async () => {
      refuseTaken(cluster, vmid);
      const config = newConfig(call, rootfs);
      cluster.store.state.containers[vmid] = { vmid, node, config, snapshots: {}, firewall: {} };
    },
    0.5,
  );
  return fork(call, 'vzcreate', vmid, async (task) => {
    const container = containerOf(call);
    try {
      if (!cluster.osTemplates.includes(ostemplate)) die(`volume '${ostemplate}' does not exist`);
      await holdStorage(call, disk.storage.storage, async () => task.print(`allocating ${volume}`));
      task.print(`extracting archive '${ostemplate}'`);
      await task.takes(takes(cluster, 'create'));
      await cluster.backend.create(backendContainer(container), ostemplate);
    } catch (error) {
      await discard(call, vmid);
      throw new PveError(500, `unable to create CT ${vmid} - ${messageOf(error)}`);
    }
    delete container.config['lock'];
    addToPool(cluster, pool, vmid);
    if (isSet(call, 'start')) startInTask(call, vmid);
  });
}

function list({ cluster, values }: Call): JsonObject[] {
  return Object.values(cluster.store.state.containers)
    .filter(({ node }) => node === values['node'])
    .map(({ vmid, config }) => {
      const stats = cluster.stats.of(vmid);
      return {
        // 8.4 gives the number as text
        vmid: cluster.version === '9.1' ? vmid : String(vmid),
        name: config['hostname'] ?? '',
        type: 'lxc',
        status: stats?.running === true ? 'running' : 'stopped',
        cpus: Number(config['cores'] ?? 1),
        maxmem: Number(config['memory'] ?? 512) * 1024 ** 2,
        maxswap: Number(config['swap'] ?? 512) * 1024 ** 2,
        maxdisk: rootDisk(config).bytes,
        mem: stats?.usage.memoryBytes ?? 0,
        uptime: stats?.usage.uptimeS ?? 0,
        ...(config['template'] === '1' ? { template: 1 } : {}),
        ...(config['lock'] === undefined ? {} : { lock: config['lock'] }),
        ...(config['tags'] === undefined ? {} : { tags: config['tags'] }),
      };
    });
}

export const createRoutes: readonly Route[] = [
  { method: 'GET', path: '/nodes/{node}/lxc', run: list },
  {
    method: 'POST',
    path: '/nodes/{node}/lxc',
    properties: {
      ...CONFIG_PROPERTIES,
      vmid: { ...PATH_PROPERTIES['vmid'] },
      ostemplate: { type: 'string', maxLength: 255 },
      password: { ...word, minLength: 5 },
      storage: { ...word, format: 'pve-storage-id' },
      pool: { ...word, format: 'pve-poolid' },
      bwlimit: { type: 'number', optional: 1, minimum: 0 },
      'ssh-public-keys': word,
      'ignore-unpack-errors': flag,
      'ha-managed': flag,
      force: flag,
      restore: flag,
      start: flag,
      unique: { ...flag, requires: 'restore' },
    },
    newer: ['ha-managed'],
    privilege: ['/vms/{vmid}', 'VM.Allocate'],
    task: 'vzcreate',
    run: create,
  },
];
