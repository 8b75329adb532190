/** Clones a container, and converts a container to a template. */
import { volumeName, discard } from '../volumes.js';
import { parsePropertyString } from '../check.js';
import {
  addToPool,
  type Call,
  containerAt,
  containerOf,
  diskKind,
  fork,
  holdConfig,
  holdStorage,
  isSet,
  refuseLocked,
  refuseMissingPool,
  refuseTaken,
  storageNamed,
  storageOnNode,
  takes,
  vmidOf,
} from '../cluster.js';
import { backendContainer, NET, normalNet, rootDisk, sizeOf } from '../ct-config.js';
import { die, messageOf, PveError } from '../failure.js';
import { kindOf, type StorageOption } from '../options.js';
import { demand, demandBridge, may, refusePermission } from '../permissions.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { Container } from '../state.js';
import type { TaskHandle } from '../tasks.js';

const flag = { type: 'boolean', optional: 1 } as const;
const word = { type: 'string', optional: 1 } as const;

/**
 * Returns all settings of the source except its disk. The new disk is added to the configuration when it is created.
 */
function clonedConfig(call: Call, source: Container): Record<string, string> {
  const { hostname, description } = call.values;
  const snapname = call.values['snapname'];
  const from = snapname === undefined ? source.config : source.snapshots[snapname]?.config;
  const config: Record<string, string> = {};
  for (const [key, value] of Object.entries(from ?? {})) {
    if (['template', 'lock', 'parent', 'rootfs'].includes(key) || key.startsWith('unused')) continue;
    config[key] = /^net\d+$/.test(key) ? normalNet(value, true) : value;
  }
  return {
    ...config,
    ...(hostname === undefined ? {} : { hostname }),
    ...(description === undefined ? {} : { description }),
    lock: 'create',
  };
}

interface ClonePlan {
  readonly source: Container;
  readonly target: string;
  readonly storage: StorageOption;
  readonly linked: boolean;
  readonly rootfs: string;
}

/** Makes the checks that come before any lock is acquired. */
function refuseTarget({ cluster, values }: Call): void {
  const { node = '', target = node, storage, pool } = values;
  refuseMissingPool(cluster, pool);
  if (!cluster.nodes.some((each) => each.node === target)) die(`no such cluster node '${target}'`);
  if (storage === undefined) return;
  storageOnNode(cluster, storage, node);
  if (target === node) return;
  storageOnNode(cluster, storage, target);
  if (!kindOf(storageNamed(cluster, storage)).shared) die(`can't clone to non-shared storage '${storage}'`);
}

function planClone(call: Call, running: boolean): ClonePlan {
  const { cluster, values } = call;
  const source = containerOf(call);
  const newid = vmidOf(call, 'newid');
  const { node = '', target = node, snapname, storage } = values;
  const template = source.config['template'] === '1';
  const linked = values['full'] === undefined ? template : !isSet(call, 'full');
  refuseLocked(call, source);
  refuseTaken(cluster, newid);
  if (linked && storage !== undefined) die(`parameter 'storage' not allowed for linked clones`);
  if (snapname !== undefined && !source.snapshots[snapname]) die(`snapshot '${snapname}' does not exist`);
  const { volume, storage: own, bytes } = rootDisk(source.config);
  const { linkedClone } = diskKind(cluster, source);
  const chosen = storageNamed(cluster, storage ?? own);
  demand(cluster, `/storage/${chosen.storage}`, 'Datastore.AllocateSpace');
  if (!linked && running && snapname === undefined)
    die('Full clone of a running container is only possible from a snapshot');
  if (linked && linkedClone !== 'any' && !(linkedClone === 'template' && template))
    die(`Linked clone feature for '${volume}' is not available`);
  for (const [key, value] of Object.entries(source.config))
    if (/^net\d+$/.test(key)) demandBridge(cluster, parsePropertyString(NET, value));
  if (target !== node && !kindOf(chosen).shared)
    die(`can't clone CT to node '${target}' (CT uses local storage)`);
  const rootfs = `${volumeName(chosen, newid, linked ? source : undefined)},size=${sizeOf(bytes / 1024 ** 3)}`;
  return { source, target, storage: chosen, linked, rootfs };
}

async function clone(call: Call): Promise<string> {
  const { cluster, values } = call;
  const { node = '' } = values;
  const newid = vmidOf(call, 'newid');
  refuseTarget(call);
  const { vmid: sourceId } = containerOf(call);
  const running = await cluster.backend.isRunning(sourceId);
  const plan = await holdConfig(call, sourceId, async () => {
    const made = planClone(call, running);
    const { source, linked } = made;
    cluster.store.state.containers[newid] = {
      vmid: newid,
      // the clone is created on this node, and the container moves to the target afterwards
      node,
      config: clonedConfig(call, source),
      snapshots: {},
      firewall: { ...source.firewall },
      ...(linked ? { linkedTo: source.vmid } : {}),
    };
    source.config['lock'] = 'disk';
    return made;
  });
  return fork(call, 'vzclone', sourceId, (task) => copy(call, plan, task));
}

/** The part of the clone that the worker executes. The container is added to its pool before the lock is released. */
async function copy(call: Call, plan: ClonePlan, task: TaskHandle): Promise<void> {
  const { cluster, values } = call;
  const newid = vmidOf(call, 'newid');
  const { vmid: sourceId } = plan.source;
  try {
    const made = containerAt(cluster, values['node'] ?? '', newid);
    if (!plan.storage.content.includes('rootdir'))
      die(`content type 'rootdir' is not available or configured on storage '${plan.storage.storage}'`);
    await holdStorage(call, plan.storage.storage, async () =>
      task.print(`create ${plan.linked ? 'linked' : 'full'} clone of mountpoint rootfs`),
    );
    await task.takes(takes(cluster, plan.linked ? 'linkedClone' : 'fullClone'));
    const config = { ...made.config, rootfs: plan.rootfs };
    await cluster.backend.clone(backendContainer({ ...made, config, node: plan.target }), sourceId);
    made.config['rootfs'] = plan.rootfs;
    addToPool(cluster, values['pool'], newid);
    delete plan.source.config['lock'];
    delete made.config['lock'];
    made.node = plan.target;
  } catch (error) {
    await discard(call, newid);
    throw new PveError(500, `clone failed: ${messageOf(error)}`);
  } finally {
    delete plan.source.config['lock'];
  }
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
    const { linkedClone, templates } = diskKind(cluster, container);
    if (linkedClone === 'none' && templates)
      die(`Directory storage '${rootDisk(config).storage}' does not support container templates!`);
  });
  fork(call, 'vztemplate', vmid, async (task) => {
    if (!diskKind(cluster, container).templates)
      die(`Template feature is not available for '${rootDisk(config).volume}'`);
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
    permit(cluster, { newid = '', pool }) {
      if (may(cluster, `/vms/${newid}`, 'VM.Allocate')) return;
      if (pool !== undefined && may(cluster, `/pool/${pool}`, 'VM.Allocate')) return;
      refusePermission();
    },
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
