/** Lists the containers of a node, and creates a container from an OS template. */
import { setTimeout as pause } from 'node:timers/promises';
import { volumeName, containerStorage, discard } from '../volumes.js';
import type { JsonObject } from '../../../kernel/json.js';
import { parsePropertyString } from '../check.js';
import {
  addToPool,
  type Call,
  type Cluster,
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
import { backendContainer, CONFIG_PROPERTIES, normalNet, normalTags, ROOTFS, sizeOf } from '../ct-config.js';
import { die, messageOf, PveError } from '../failure.js';
import { takeStrayFirewall } from '../firewall-files.js';
import { guestStatus } from '../guest-status.js';
import { demandForOptions, demandOsTemplate } from '../option-permissions.js';
import { type StorageOption } from '../options.js';
import { demand, guestFilter, may, refusePermission } from '../permissions.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { Container } from '../state.js';
import type { TaskHandle } from '../tasks.js';
import { startInTask } from './lxc-power.js';

const flag = { type: 'boolean', optional: 1 } as const;
const word = { type: 'string', optional: 1 } as const;

interface RequestedDisk {
  readonly storage: StorageOption;
  readonly gib: number;
  /** `,acl=1` */
  readonly options: string;
}

/** `local-btrfs:8` -> storage and GiB */
function requestedDisk(call: Call): RequestedDisk {
  const { storage: fallback = 'local', rootfs } = call.values;
  if (rootfs === undefined) return { storage: usableStorage(call, fallback), gib: 4, options: '' };
  const { volume = '', ...rest } = parsePropertyString(ROOTFS, rootfs);
  const [, name = fallback, size = ''] =
    /^(?:([a-z][a-z0-9\-_.]*[a-z0-9]):)?(\d+(?:\.\d+)?)$/i.exec(volume) ?? [];
  if (size === '') die(`unable to create CT ${vmidOf(call)} - unable to parse volume ID '${volume}'`);
  delete rest['size'];
  const options = Object.entries(rest).map(([key, value]) => `,${key}=${value}`);
  return { storage: usableStorage(call, name), gib: Number(size), options: options.join('') };
}

function usableStorage(call: Call, name: string): StorageOption {
  const storage = containerStorage(call, name);
  demand(call.cluster, `/storage/${name}`, 'Datastore.AllocateSpace');
  return storage;
}

const NOT_CONFIG: ReadonlySet<string> = new Set([
  ...['node', 'vmid', 'ostemplate', 'password', 'storage', 'force', 'restore', 'pool', 'start', 'bwlimit'],
  ...['ignore-unpack-errors', 'ssh-public-keys', 'ha-managed', 'unique'],
]);
/**
 * Options whose values are not written as the caller sent them, because they are handled separately. They are still
 * used to determine which privileges the caller needs.
 */
const NOT_WRITTEN: ReadonlySet<string> = new Set(['rootfs', 'lock', 'template']);

function optionsOf(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter(([key]) => !NOT_CONFIG.has(key) && key !== 'unprivileged'),
  );
}

function newConfig(call: Call, rootfs: string): Record<string, string> {
  const { cluster, values } = call;
  const config: Record<string, string> = {
    arch: 'amd64',
    hostname: `CT${vmidOf(call)}`,
    memory: '512',
    swap: '512',
    ostype: 'debian',
    ...(cluster.version === '9.1' ? { unprivileged: '1' } : {}),
  };
  for (const [key, value] of Object.entries(values)) {
    if (NOT_CONFIG.has(key) || NOT_WRITTEN.has(key)) continue;
    if (key.startsWith('net')) config[key] = normalNet(value);
    else config[key] = key === 'tags' ? normalTags(value) : value;
  }
  if (config['unprivileged'] === '0') delete config['unprivileged'];
  return { ...config, rootfs };
}

function refuseUnpermitted(call: Call): void {
  const { cluster, values } = call;
  const vmid = vmidOf(call);
  const { pool, ostemplate = '' } = values;
  if (values['unprivileged'] === '0') demand(cluster, '/', 'Sys.Modify');
  if (isSet(call, 'ha-managed')) demand(cluster, '/', 'Sys.Console');
  refuseTaken(cluster, vmid);
  refuseMissingPool(cluster, pool);
  const allowed =
    may(cluster, `/vms/${vmid}`, 'VM.Allocate') ||
    (pool !== undefined && may(cluster, `/pool/${pool}`, 'VM.Allocate'));
  if (!allowed) refusePermission();
  demandForOptions(cluster, { vmid, pool }, optionsOf(values));
  demandOsTemplate(cluster, ostemplate);
}

async function create(call: Call): Promise<string> {
  const { cluster, values } = call;
  const vmid = vmidOf(call);
  const { node = '', ostemplate = '' } = values;
  refuseUnpermitted(call);
  const disk = requestedDisk(call);
  try {
    await holdConfig(call, vmid, async () => makeLocked(cluster, vmid, node), 0.5);
  } catch (error) {
    throw new PveError(500, `unable to create CT ${vmid} - ${messageOf(error)}`);
  }
  return fork(call, 'vzcreate', vmid, async (task) => {
    await holdConfig(call, vmid, () => make(call, disk, ostemplate, task));
    if (isSet(call, 'start')) startInTask(call, vmid);
  });
}

/**
 * Returns the configuration of a container that is being created. It contains only the lock, and neither name nor
 * description.
 */
function makeLocked(cluster: Cluster, vmid: number, node: string): void {
  refuseTaken(cluster, vmid);
  const firewall = takeStrayFirewall(cluster, vmid);
  cluster.store.state.containers[vmid] = { vmid, node, config: { lock: 'create' }, snapshots: {}, firewall };
}

/**
 * The part of the creation that the worker executes. The configuration is complete before the container is added to
 * its pool.
 */
async function make(call: Call, disk: RequestedDisk, ostemplate: string, task: TaskHandle): Promise<void> {
  const { cluster, values } = call;
  const container: Container = containerOf(call);
  const { vmid } = container;
  const volume = volumeName(disk.storage, vmid);
  const config = newConfig(call, `${volume}${disk.options},size=${sizeOf(disk.gib)}`);
  try {
    if (!cluster.osTemplates.includes(ostemplate)) die(`volume '${ostemplate}' does not exist`);
    await holdStorage(call, disk.storage.storage, async () => task.print(`allocating ${volume}`));
    task.print(`extracting archive '${ostemplate}'`);
    await task.takes(takes(cluster, 'create'));
    await cluster.backend.create(backendContainer({ ...container, config }), ostemplate);
  } catch (error) {
    await discard(call, vmid);
    throw new PveError(500, `unable to create CT ${vmid} - ${messageOf(error)}`);
  }
  container.config = config;
  if (values['pool'] === undefined) return;
  await pause(takes(cluster, 'joinPool'));
  addToPool(cluster, values['pool'], vmid);
}

function list({ cluster, values }: Call): Promise<JsonObject[]> {
  const visible = guestFilter(cluster);
  const found = Object.values(cluster.store.state.containers).filter(
    ({ node, vmid }) => node === values['node'] && visible(vmid),
  );
  return Promise.all(found.map((one) => guestStatus(cluster, one)));
}

export const createRoutes: readonly Route[] = [
  { method: 'GET', path: '/nodes/{node}/lxc', protected: true, run: list },
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
    task: 'vzcreate',
    run: create,
  },
];
