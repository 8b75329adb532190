/** Clone, and turning a container into a template that can be cloned. */
import { volumeName, containerStorage, discard } from '../volumes.js';
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
  takes,
  vmidOf,
} from '../cluster.js';
import { backendContainer, normalNet, rootDisk, sizeOf } from '../ct-config.js';
import { die, messageOf, PveError } from '../failure.js';
import { kindOf, type StorageOption } from '../options.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { Container } from '../state.js';

const flag = { type: 'boolean', optional: 1 } as const;
const word = { type: 'string', optional: 1 } as const;

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

export const cloneRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/nodes/{node}/lxc/{vmid}/clone',
    properties: {
      newid: { ...PATH_PROPERTIES['vmid'] },
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
];
