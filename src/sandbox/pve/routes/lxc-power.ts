/**
 * Start, stop, shutdown, reboot, and the current state. For a container that HA manages, the method only sends a
 * request to the HA manager.
 */
import type { Json } from '../../../kernel/json.js';
import {
  type Call,
  type Cluster,
  containerAt,
  containerOf,
  fork,
  holdConfig,
  isSet,
  refuseLocked,
  takes,
  vmidOf,
} from '../cluster.js';
import { backendContainer } from '../ct-config.js';
import { die, messageOf } from '../failure.js';
import { guestStatus } from '../guest-status.js';
import { isManaged, requestInTask } from '../ha.js';
import { checkMount } from '../mount-check.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { Container } from '../state.js';
import type { TaskHandle } from '../tasks.js';

const flag = { type: 'boolean', optional: 1 } as const;

/** Does the work of the task vzstart. The HA manager also calls this function. */
export async function startWork(
  cluster: Cluster,
  call: Call | undefined,
  node: string,
  vmid: number,
  task: TaskHandle,
): Promise<void> {
  const container = containerAt(cluster, node, vmid);
  if (container.config['template'] === '1') die(`you can't start a CT if it's a template`);
  refuseLocked(call, container);
  await task.takes(takes(cluster, 'start'));
  refuseLocked(call, container);
  await cluster.locks.hold(`power ${vmid}`, 60_000, async () => {
    if (await cluster.backend.isRunning(vmid)) die(`CT ${vmid} already running`);
    await checkMount(cluster, container);
    container.looksMounted = false;
    try {
      await cluster.backend.start(backendContainer(container));
    } catch (error) {
      task.print(messageOf(error));
      die(`startup for container '${vmid}' failed`);
    }
  });
}

/** Starts the container in a separate task, and returns the UPID of the task. */
export function startInTask(call: Call, vmid: number): string {
  const { cluster, values, user } = call;
  const node = cluster.store.state.containers[vmid]?.node ?? values['node'] ?? '';
  return cluster.tasks.fork({ node, type: 'vzstart', id: String(vmid), user }, (task) =>
    startWork(cluster, undefined, node, vmid, task),
  );
}

async function start(call: Call): Promise<string> {
  const { cluster } = call;
  const vmid = vmidOf(call);
  const { node = '' } = call.values;
  if (await cluster.backend.isRunning(vmid)) die(`CT ${vmid} already running`);
  if (isManaged(cluster, vmid))
    return fork(call, 'hastart', vmid, (task) => requestInTask(cluster, task, vmid, 'started'));
  return holdConfig(call, vmid, async () =>
    fork(call, 'vzstart', vmid, (task) => startWork(cluster, call, node, vmid, task)),
  );
}

function haStop(call: Call, vmid: number): string {
  return fork(call, 'hastop', vmid, (task) => requestInTask(call.cluster, task, vmid, 'stopped'));
}

/**
 * As in Proxmox, checks that the container is running before it checks that the container exists. `word` is the kind
 * of guest in the error message.
 */
async function runningOf(call: Call, word: 'CT' | 'VM'): Promise<Container> {
  const vmid = Number(call.values['vmid']);
  if (!(await call.cluster.backend.isRunning(vmid))) die(`${word} ${vmid} not running`);
  return containerOf(call);
}

async function stop(call: Call): Promise<string> {
  const { cluster } = call;
  const container = await runningOf(call, 'CT');
  const { vmid } = container;
  if (isManaged(cluster, vmid)) return haStop(call, vmid);
  return holdConfig(call, vmid, async () =>
    fork(call, 'vzstop', vmid, async (task) => {
      refuseLocked(call, container);
      await task.takes(takes(cluster, 'stop'));
      await cluster.backend.stop(vmid);
    }),
  );
}

async function shutdown(call: Call): Promise<string> {
  const { cluster, values } = call;
  const container = await runningOf(call, 'CT');
  const { vmid } = container;
  if (isManaged(cluster, vmid)) return haStop(call, vmid);
  return holdConfig(call, vmid, async () =>
    fork(call, 'vzshutdown', vmid, async (task) => {
      refuseLocked(call, container);
      await task.takes(takes(cluster, 'shutdown'));
      try {
        await cluster.backend.shutdown(vmid, Number(values['timeout'] ?? 60));
      } catch (error) {
        task.print(messageOf(error));
        if (!isSet(call, 'forceStop')) die('container did not stop');
        await cluster.backend.stop(vmid);
      }
    }),
  );
}

async function reboot(call: Call): Promise<string> {
  const { cluster, values } = call;
  const container = await runningOf(call, 'VM');
  const { vmid, node } = container;
  return fork(call, 'vzreboot', vmid, async (task) => {
    refuseLocked(call, container);
    await task.takes(takes(cluster, 'shutdown'));
    await cluster.backend.shutdown(vmid, Number(values['timeout'] ?? 60));
    await startWork(cluster, call, node, vmid, task);
  });
}

async function current(call: Call): Promise<Json> {
  const { cluster } = call;
  const container = containerOf(call);
  const { vmid } = container;
  const ha = cluster.store.state.ha.resources[`ct:${vmid}`];
  const managed = isManaged(cluster, vmid);
  return {
    ...(await guestStatus(cluster, container)),
    vmid,
    ha: {
      managed: managed ? 1 : 0,
      ...(managed && ha?.state !== undefined ? { state: ha.state } : {}),
      ...(managed && ha?.options['group'] !== undefined ? { group: ha.options['group'] } : {}),
    },
  };
}

const at = (verb: string): string => `/nodes/{node}/lxc/{vmid}/status/${verb}`;
const power = ['/vms/{vmid}', 'VM.PowerMgmt'] as const;
const seconds = { type: 'integer', optional: 1, minimum: 0 } as const;
/** The flag to ignore locks. Only root is allowed to set it, so no value is accepted here. */
const skiplock = { ...flag, enum: [] };

export const powerRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: at('current'),
    privilege: ['/vms/{vmid}', 'VM.Audit'],
    protected: true,
    run: current,
  },
  {
    method: 'POST',
    path: at('start'),
    properties: { debug: flag, skiplock },
    privilege: power,
    task: 'vzstart',
    run: start,
  },
  {
    method: 'POST',
    path: at('stop'),
    properties: { 'overrule-shutdown': flag, skiplock },
    privilege: power,
    task: 'vzstop',
    run: stop,
  },
  {
    method: 'POST',
    path: at('shutdown'),
    properties: { forceStop: flag, timeout: seconds },
    privilege: power,
    task: 'vzshutdown',
    run: shutdown,
  },
  {
    method: 'POST',
    path: at('reboot'),
    properties: { timeout: seconds },
    privilege: power,
    task: 'vzreboot',
    run: reboot,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/lxc/{vmid}',
    properties: { vmid: { ...PATH_PROPERTIES['vmid'] } },
    run(call) {
      containerOf(call);
      return ['config', 'status', 'snapshot', 'firewall'].map((subdir) => ({ subdir }));
    },
  },
];
