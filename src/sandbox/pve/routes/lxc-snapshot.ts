/** Snapshots: almost everything that can go wrong is told only by the task. */
import type { Json } from '../../../domain/json.js';
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
import { die } from '../failure.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { Container, Snapshot } from '../state.js';
import { seconds, type TaskHandle } from '../tasks.js';
import { startInTask } from './lxc-power.js';

const withNewline = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

function list(call: Call): Json {
  const container = containerOf(call);
  const parent = container.config['parent'];
  return [
    ...Object.entries(container.snapshots).map(([name, snapshot]) => ({
      name,
      snaptime: snapshot.snaptime,
      description: withNewline(snapshot.description),
      ...(snapshot.parent === undefined ? {} : { parent: snapshot.parent }),
    })),
    {
      name: 'current',
      description: 'You are here!',
      digest: digestOf(container),
      ...(parent === undefined ? {} : { parent }),
    },
  ];
}

/** Sets the config lock for the time of the work, as the real prepare and commit do. */
async function locked(
  call: Call,
  container: Container,
  lock: string,
  check: () => void | Promise<void>,
  work: () => Promise<void>,
): Promise<void> {
  await holdConfig(call, container.vmid, async () => {
    refuseLocked(call, container);
    await check();
    container.config['lock'] = lock;
  });
  try {
    await work();
  } finally {
    delete container.config['lock'];
  }
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
    const check = (): void => refuseUnable(call, container);
    await locked(call, container, 'snapshot', check, async () => {
      await holdStorage(call, rootDisk(container.config).storage, async () => {
        await task.takes(takes(cluster, 'snapshot'));
        await cluster.backend.snapshot(container.vmid, snapname);
      });
      const { parent, ...config } = container.config;
      delete config['lock'];
      container.snapshots[snapname] = {
        snaptime: seconds(),
        description,
        config,
        ...(parent === undefined ? {} : { parent }),
      };
      container.config['parent'] = snapname;
    });
  });
}

function snapshotOf(call: Call, container: Container): Snapshot {
  const { snapname = '' } = call.values;
  return container.snapshots[snapname] ?? die(`snapshot '${snapname}' does not exist`);
}

/** Whoever came after the deleted one now comes after its parent. */
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
    const check = (): void => void snapshotOf(call, container);
    await locked(call, container, 'snapshot-delete', check, async () => {
      const { parent } = snapshotOf(call, container);
      await holdStorage(call, rootDisk(container.config).storage, async () => {
        await task.takes(takes(cluster, 'deleteSnapshot'));
        try {
          await cluster.backend.deleteSnapshot(container.vmid, snapname);
        } catch (error) {
          if (!isSet(call, 'force')) throw error;
        }
      });
      unlink(container, snapname, parent);
    });
  });
}

function refuseOlder(call: Call, container: Container): void {
  snapshotOf(call, container);
  const { snapname = '' } = call.values;
  if (container.config['template'] === '1') die('cannot rollback a template');
  if (diskKind(call.cluster, container).rollback === 'any') return;
  const newest = Object.keys(container.snapshots).at(-1);
  if (newest !== snapname)
    die(
      `can't rollback, '${snapname}' is not most recent snapshot on '${rootDisk(container.config).volume}'`,
    );
}

async function rollBack(call: Call, container: Container, task: TaskHandle): Promise<void> {
  const { cluster } = call;
  const { snapname = '' } = call.values;
  const { config } = snapshotOf(call, container);
  if (await cluster.backend.isRunning(container.vmid)) await cluster.backend.stop(container.vmid);
  await task.takes(takes(cluster, 'rollback'));
  await cluster.backend.rollback(container.vmid, snapname);
  container.config = { ...config, parent: snapname, lock: 'rollback' };
}

function rollback(call: Call): string {
  return fork(call, 'vzrollback', vmidOf(call), async (task) => {
    const container = containerOf(call);
    const check = (): void => refuseOlder(call, container);
    await locked(call, container, 'rollback', check, () => rollBack(call, container, task));
    if (isSet(call, 'start')) startInTask(call, container.vmid);
  });
}

const base = '/nodes/{node}/lxc/{vmid}/snapshot';

export const snapshotRoutes: readonly Route[] = [
  { method: 'GET', path: base, privilege: ['/vms/{vmid}', 'VM.Audit'], run: list },
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
