/** Destroying a container, with or without what refers to it. */
import {
  type Call,
  containerOf,
  fork,
  holdConfig,
  holdStorage,
  isSet,
  refuseLocked,
  removeFromPools,
  takes,
} from '../cluster.js';
import { rootDisk } from '../ct-config.js';
import { die } from '../failure.js';
import { removeService, sidOf } from '../ha.js';
import { type Route } from '../route.js';
import type { Container } from '../state.js';

const flag = { type: 'boolean', optional: 1 } as const;

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
        removeService(cluster, sidOf(vmid), true);
      }
      removeFromPools(cluster, vmid);
      Reflect.deleteProperty(state.containers, vmid);
    }),
  );
}

export const destroyRoutes: readonly Route[] = [
  {
    method: 'DELETE',
    path: '/nodes/{node}/lxc/{vmid}',
    properties: { 'destroy-unreferenced-disks': flag, force: flag, purge: flag },
    privilege: ['/vms/{vmid}', 'VM.Allocate'],
    task: 'vzdestroy',
    run: destroy,
  },
];
