/**
 * Snapshots of containers. As in Proxmox, the request succeeds in almost all cases, and errors appear only at the end
 * of the task.
 */
import type { Json } from '../../../kernel/json.js';
import {
  type Call,
  containerOf,
  diskKind,
  fork,
  holdConfig,
  holdStorage,
  isSet,
  refuseLocked,
  takes,
  vmidOf,
} from '../cluster.js';
import { digestOf, rootDisk, shownConfig } from '../ct-config.js';
import { die, messageOf } from '../failure.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { Container, Snapshot } from '../state.js';
import { seconds, type TaskHandle } from '../tasks.js';
import { startInTask } from './lxc-power.js';

const withNewline = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

async function list(call: Call): Promise<Json> {
  const container = containerOf(call);
  const parent = container.config['parent'];
  const running = await call.cluster.backend.isRunning(container.vmid);
  return [
    ...Object.entries(container.snapshots).map(([name, snapshot]) => ({
      name,
      snaptime: snapshot.snaptime,
      description: withNewline(snapshot.description),
      ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
      ...(snapshot.snapstate === undefined ? {} : { snapstate: snapshot.snapstate }),
    })),
    {
      name: 'current',
      description: 'You are here!',
      digest: digestOf(container),
      running: running ? 1 : 0,
      ...(parent === undefined ? {} : { parent }),
    },
  ];
}

/**
 * Sets the config lock, as Proxmox does before the work begins. The worker removes the lock. If the work fails, the
 * lock usually remains.
 */
function prepared(
  call: Call,
  container: Container,
  lock: string,
  work: () => void | Promise<void>,
): Promise<void> {
  return holdConfig(call, container.vmid, async () => {
    await work();
    container.config['lock'] = lock;
  });
}

function refuseUnable(call: Call, container: Container): void {
  const { config } = container;
  if (config['template'] === '1') die(`you can't take a snapshot if it's a template`);
  if (container.snapshots[call.values['snapname'] ?? ''])
    die(`snapshot name '${call.values['snapname'] ?? ''}' already used`);
  const mounted = Object.entries(config).some(
    ([key, value]) => /^(?:mp|dev)\d+$/.test(key) && (key.startsWith('dev') || value.startsWith('/')),
  );
  if (mounted || !diskKind(call.cluster, container).snapshots) die('snapshot feature is not available');
}

function take(call: Call): string {
  const { cluster, values } = call;
  const { snapname = '', description = '' } = values;
  if (snapname === 'current' || snapname === 'vzdump')
    die(`unable to use snapshot name '${snapname}' (reserved name)`);
  return fork(call, 'vzsnapshot', vmidOf(call), async (task) => {
    const container = containerOf(call);
    const running = await cluster.backend.isRunning(container.vmid);
    await prepared(call, container, 'snapshot', () => {
      refuseLocked(call, container);
      refuseUnable(call, container);
      const { parent, ...config } = container.config;
      delete config['description'];
      container.snapshots[snapname] = {
        snaptime: seconds(),
        description,
        config,
        snapstate: 'prepare',
        running,
        ...(parent === undefined ? {} : { parent }),
      };
    });
    try {
      await holdStorage(call, rootDisk(container.config).storage, async () => {
        await task.takes(takes(cluster, 'snapshot'));
        await cluster.backend.snapshot(container.vmid, snapname);
      });
    } catch (error) {
      // only after this failure does Proxmox clean up: it removes the snapshot by force
      Reflect.deleteProperty(container.snapshots, snapname);
      delete container.config['lock'];
      throw error;
    }
    delete container.snapshots[snapname]?.snapstate;
    delete container.config['lock'];
    container.config['parent'] = snapname;
  });
}

function snapshotOf(call: Call, container: Container): Snapshot {
  const { snapname = '' } = call.values;
  return container.snapshots[snapname] ?? die(`snapshot '${snapname}' does not exist`);
}

/** Makes the parent of the deleted snapshot the parent of its children. */
function unlink(container: Container, name: string, parent: string | undefined): void {
  Reflect.deleteProperty(container.snapshots, name);
  const holders = [container.config, ...Object.values(container.snapshots)];
  for (const holder of holders) {
    if (holder['parent'] !== name) continue;
    if (parent === undefined) Reflect.deleteProperty(holder, 'parent');
    else Object.assign(holder, { parent });
  }
}

function remove(call: Call): string {
  const { cluster, values } = call;
  const { snapname = '' } = values;
  return fork(call, 'vzdelsnapshot', vmidOf(call), async (task) => {
    const container = containerOf(call);
    await prepared(call, container, 'snapshot-delete', () => {
      const snapshot = snapshotOf(call, container);
      refuseLocked(call, container);
      snapshot.snapstate = 'delete';
    });
    try {
      await holdStorage(call, rootDisk(container.config).storage, async () => {
        await task.takes(takes(cluster, 'deleteSnapshot'));
        await cluster.backend.deleteSnapshot(container.vmid, snapname);
      });
    } catch (error) {
      // after this failure, the lock and the entry of the snapshot remain
      if (!isSet(call, 'force')) throw error;
      task.print(messageOf(error));
    }
    unlink(container, snapname, snapshotOf(call, container).parent);
    delete container.config['lock'];
  });
}

function refuseOlder(call: Call, container: Container): void {
  const { snapname = '' } = call.values;
  if (container.config['template'] === '1') die(`you can't rollback if vm is a template`);
  const { snapstate } = snapshotOf(call, container);
  const newest = Object.keys(container.snapshots).at(-1);
  if (diskKind(call.cluster, container).rollback !== 'any' && newest !== snapname)
    die(
      `can't rollback, '${snapname}' is not most recent snapshot on '${rootDisk(container.config).volume}'`,
    );
  if (snapstate !== undefined) die(`unable to rollback to incomplete snapshot (snapstate = ${snapstate})`);
}

async function rollBack(call: Call, container: Container, task: TaskHandle): Promise<void> {
  const { cluster } = call;
  const { snapname = '' } = call.values;
  const { config, running } = snapshotOf(call, container);
  await task.takes(takes(cluster, 'rollback'));
  await cluster.backend.rollback(container.vmid, snapname);
  // the description is not rolled back
  const { description } = container.config;
  container.config = {
    ...config,
    ...(description === undefined ? {} : { description }),
    parent: snapname,
  };
  container.looksMounted = running === true;
}

function rollback(call: Call): string {
  return fork(call, 'vzrollback', vmidOf(call), async (task) => {
    const container = containerOf(call);
    const { backend } = call.cluster;
    await prepared(call, container, 'rollback', async () => {
      refuseOlder(call, container);
      refuseLocked(call, container);
      if (await backend.isRunning(container.vmid)) await backend.stop(container.vmid);
    });
    // after a failure, the container is stopped and stays locked
    await rollBack(call, container, task);
    if (isSet(call, 'start')) startInTask(call, container.vmid);
  });
}

const base = '/nodes/{node}/lxc/{vmid}/snapshot';

export const snapshotRoutes: readonly Route[] = [
  { method: 'GET', path: base, privilege: ['/vms/{vmid}', 'VM.Audit'], protected: true, run: list },
  {
    method: 'POST',
    path: base,
    properties: {
      snapname: { ...PATH_PROPERTIES['snapname'] },
      description: { type: 'string', optional: 1 },
    },
    privilege: ['/vms/{vmid}', 'VM.Snapshot'],
    task: 'vzsnapshot',
    run: take,
  },
  {
    method: 'DELETE',
    path: `${base}/{snapname}`,
    properties: { force: { type: 'boolean', optional: 1 } },
    privilege: ['/vms/{vmid}', 'VM.Snapshot'],
    task: 'vzdelsnapshot',
    run: remove,
  },
  {
    method: 'POST',
    path: `${base}/{snapname}/rollback`,
    properties: { start: { type: 'boolean', optional: 1 } },
    privilege: ['/vms/{vmid}', 'VM.Snapshot', 'VM.Snapshot.Rollback'],
    task: 'vzrollback',
    run: rollback,
  },
  {
    method: 'GET',
    path: `${base}/{snapname}/config`,
    privilege: ['/vms/{vmid}', 'VM.Snapshot', 'VM.Snapshot.Rollback', 'VM.Audit'],
    run(call) {
      const { config, snaptime, description } = snapshotOf(call, containerOf(call));
      return { ...shownConfig(config), snaptime, description: withNewline(description) };
    },
  },
];
