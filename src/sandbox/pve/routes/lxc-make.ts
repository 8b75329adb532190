/** Create, clone, convert to a template, destroy: the life of a container and its disk. */
import type { JsonObject } from '../../../domain/json.js';
import { parsePropertyString } from '../check.js';
import {
  addToPool,
  type Call,
  containerOf,
  diskKind,
  fork,
  holdConfig,
  holdStorage,
  isSet,
  refuseLocked,
  refuseMissingPool,
  refuseTaken,
  removeFromPools,
  storageOnNode,
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
import { die, messageOf, PveError, refuse } from '../failure.js';
import { kindOf, type StorageOption } from '../options.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { Container } from '../state.js';
import { refuseForTokens } from './lxc-config.js';
import { startInTask } from './lxc-power.js';

const flag = { type: 'boolean', optional: 1 } as const;
const word = { type: 'string', optional: 1 } as const;

/** How each storage type names a disk. */
export function volumeName(storage: StorageOption, vmid: number, base?: Container): string {
  const filed = ['btrfs', 'dir', 'nfs'].includes(storage.type);
  const own = filed ? `${vmid}/vm-${vmid}-disk-0.raw` : `vm-${vmid}-disk-0`;
  const from =
    base && !['lvmthin'].includes(storage.type) ? rootDisk(base.config).volume.split(':')[1] : undefined;
  return from === undefined ? `${storage.storage}:${own}` : `${storage.storage}:${from}/${own}`;
}

function containerStorage(call: Call, name: string): StorageOption {
  const storage = storageOnNode(call.cluster, name, call.values['target'] ?? call.values['node'] ?? '');
  if (!storage.content.includes('rootdir'))
    refuse({ storage: `storage '${name}' does not support container directories` });
  return storage;
}

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

/** Takes back what a failed task made. */
async function discard(call: Call, vmid: number): Promise<void> {
  const { cluster } = call;
  await cluster.backend.destroy(vmid).catch(() => {});
  Reflect.deleteProperty(cluster.store.state.containers, vmid);
}

function clonedConfig(call: Call, source: Container, rootfs: string): Record<string, string> {
  const { hostname, description } = call.values;
  const snapname = call.values['snapname'];
  const from = snapname === undefined ? source.config : source.snapshots[snapname]?.config;
  const config: Record<string, string> = {};
  for (const [key, value] of Object.entries(from ?? {})) {
    if (['template', 'lock', 'parent', 'rootfs'].includes(key) || key.startsWith('unused')) continue;
    config[key] = key.startsWith('net') ? normalNet(value, true) : value;
  }
  return {
    ...config,
    ...(hostname === undefined ? {} : { hostname }),
    ...(description === undefined ? {} : { description }),
    rootfs,
    lock: 'create',
  };
}

interface ClonePlan {
  readonly source: Container;
  readonly target: string;
  readonly storage: StorageOption;
  readonly linked: boolean;
}

function planClone(call: Call, running: boolean): ClonePlan {
  const { cluster, values } = call;
  const source = containerOf(call);
  const { node = '', target = node, snapname, storage } = values;
  const template = source.config['template'] === '1';
  const linked = values['full'] === undefined ? template : !isSet(call, 'full');
  refuseLocked(call, source);
  if (snapname !== undefined && !source.snapshots[snapname]) die(`snapshot '${snapname}' does not exist`);
  if (linked && storage !== undefined) die(`parameter 'storage' not allowed for linked clones`);
  const { volume, storage: own } = rootDisk(source.config);
  const kind = diskKind(cluster, source);
  if (linked && (!kind.linkedClone || !template))
    die(`Linked clone feature for '${volume}' is not available`);
  if (!linked && running && snapname === undefined)
    die('Cannot do full clones on a running container without snapshots');
  const chosen = containerStorage(call, storage ?? own);
  if (target !== node && !kind.shared)
    die(`can't clone container to node '${target}' (container uses local storage)`);
  if (target !== node && !kindOf(chosen).shared) die(`can't clone to non-shared storage '${chosen.storage}'`);
  if (!cluster.nodes.some((each) => each.node === target)) die(`no such cluster node '${target}'`);
  return { source, target, storage: chosen, linked };
}

async function clone(call: Call): Promise<string> {
  const { cluster, values } = call;
  const newid = vmidOf(call, 'newid');
  const { vmid: sourceId } = containerOf(call);
  refuseMissingPool(cluster, values['pool']);
  const running = await cluster.backend.isRunning(sourceId);
  const plan = await holdConfig(call, sourceId, async () => {
    const made = planClone(call, running);
    refuseTaken(cluster, newid);
    const { source, storage, linked, target } = made;
    const volume = volumeName(storage, newid, linked ? source : undefined);
    const config = clonedConfig(
      call,
      source,
      `${volume},size=${sizeOf(rootDisk(source.config).bytes / 1024 ** 3)}`,
    );
    cluster.store.state.containers[newid] = {
      vmid: newid,
      node: target,
      config,
      snapshots: {},
      firewall: { ...source.firewall },
      ...(linked ? { linkedTo: source.vmid } : {}),
    };
    source.config['lock'] = 'disk';
    return made;
  });
  return fork(call, 'vzclone', sourceId, async (task) => {
    const made = cluster.store.state.containers[newid];
    try {
      if (!made) return die(`Configuration file 'nodes/${plan.target}/lxc/${newid}.conf' does not exist`);
      await holdStorage(call, plan.storage.storage, async () =>
        task.print(`create ${plan.linked ? 'linked' : 'full'} clone of mountpoint rootfs`),
      );
      await task.takes(takes(cluster, plan.linked ? 'linkedClone' : 'fullClone'));
      await cluster.backend.clone(backendContainer(made), sourceId);
      delete made.config['lock'];
      addToPool(cluster, values['pool'], newid);
    } catch (error) {
      await discard(call, newid);
      throw new PveError(500, `clone failed: ${messageOf(error)}`);
    } finally {
      delete plan.source.config['lock'];
    }
  });
}

async function convert(call: Call): Promise<null> {
  const { cluster } = call;
  const container = containerOf(call);
  const { vmid, config } = container;
  const running = await cluster.backend.isRunning(vmid);
  await holdConfig(call, vmid, async () => {
    refuseLocked(call, container);
    if (Object.keys(container.snapshots).length > 0)
      die('unable to create template, because CT contains snapshots');
    if (config['template'] === '1') die(`you can't convert a template to a template`);
    if (running) die(`you can't convert a CT to template if the CT is running`);
    if (!diskKind(cluster, container).linkedClone)
      die(`Directory storage '${rootDisk(config).storage}' does not support container templates!`);
  });
  fork(call, 'vztemplate', vmid, async (task) => {
    await task.takes(takes(cluster, 'template'));
    await cluster.backend.convertToTemplate(vmid);
    config['rootfs'] = (config['rootfs'] ?? '').replace('/vm-', '/base-').replace(':vm-', ':base-');
    config['template'] = '1';
  });
  return null;
}

/** What is looked at before the task starts, and again inside. */
async function refuseDestroy(call: Call, container: Container): Promise<void> {
  const { cluster } = call;
  const { vmid, config } = container;
  if (config['protection'] === '1') die(`can't remove CT ${vmid} - protection mode enabled`);
  if (cluster.store.state.ha.resources[`ct:${vmid}`] && !isSet(call, 'purge'))
    die(`unable to remove CT ${vmid} - used in HA resources and purge parameter not set.`);
  if (!isSet(call, 'force') && (await cluster.backend.isRunning(vmid)))
    die(`unable to destroy CT ${vmid} - container is running`);
}

async function destroy(call: Call): Promise<string> {
  const { cluster } = call;
  const { state } = cluster.store;
  const container = containerOf(call);
  const { vmid } = container;
  await refuseDestroy(call, container);
  return fork(call, 'vzdestroy', vmid, (task) =>
    holdConfig(call, vmid, async () => {
      if (containerOf(call) !== container) return;
      await refuseDestroy(call, container);
      refuseLocked(call, container);
      const { volume, storage } = rootDisk(container.config);
      if (Object.values(state.containers).some(({ linkedTo }) => linkedTo === vmid))
        die(`base volume '${volume}' is still in use by linked clones`);
      if (await cluster.backend.isRunning(vmid)) await cluster.backend.stop(vmid);
      container.config['lock'] = 'destroyed';
      try {
        await holdStorage(call, storage, () => task.takes(takes(cluster, 'destroy')));
        await cluster.backend.destroy(vmid);
      } catch (error) {
        delete container.config['lock'];
        throw error;
      }
      if (isSet(call, 'purge')) {
        task.print('purging CT from related configurations..');
        Reflect.deleteProperty(state.ha.resources, `ct:${vmid}`);
      }
      removeFromPools(cluster, vmid);
      Reflect.deleteProperty(state.containers, vmid);
    }),
  );
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

const optionalVmid = { ...PATH_PROPERTIES['vmid'] };

export const makeRoutes: readonly Route[] = [
  { method: 'GET', path: '/nodes/{node}/lxc', run: list },
  {
    method: 'POST',
    path: '/nodes/{node}/lxc',
    properties: {
      ...CONFIG_PROPERTIES,
      vmid: optionalVmid,
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
    privilege: ['/vms/{vmid}', 'VM.Allocate'],
    task: 'vzcreate',
    run: create,
  },
  {
    method: 'POST',
    path: '/nodes/{node}/lxc/{vmid}/clone',
    properties: {
      newid: optionalVmid,
      bwlimit: { type: 'number', optional: 1, minimum: 0 },
      description: word,
      full: flag,
      hostname: { ...word, format: 'dns-name' },
      pool: { ...word, format: 'pve-poolid' },
      snapname: { ...PATH_PROPERTIES['snapname'], optional: 1 },
      storage: { ...word, format: 'pve-storage-id' },
      target: { ...word, format: 'pve-node' },
    },
    privilege: ['/vms/{vmid}', 'VM.Clone'],
    task: 'vzclone',
    run: clone,
  },
  {
    method: 'POST',
    path: '/nodes/{node}/lxc/{vmid}/template',
    privilege: ['/vms/{vmid}', 'VM.Allocate'],
    run: convert,
  },
  {
    method: 'DELETE',
    path: '/nodes/{node}/lxc/{vmid}',
    properties: { 'destroy-unreferenced-disks': flag, force: flag, purge: flag },
    privilege: ['/vms/{vmid}', 'VM.Allocate'],
    task: 'vzdestroy',
    run: destroy,
  },
];
