/** Destroys a container. If requested, also removes all references to it. */
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Call,
  containerOf,
  diskKind,
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

/** Makes the checks before the task starts. The task repeats them. */
async function refuseDestroy(call: Call, container: Container): Promise<void> {
  const { cluster } = call;
  const { vmid, config } = container;
  // protection and lock are checked before anything else
  if (config['protection'] === '1') die(`can't remove CT ${vmid} - protection mode enabled`);
  refuseLocked(call, container);
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
      const { volume, storage } = rootDisk(container.config);
      const clones = Object.values(state.containers).filter(({ linkedTo }) => linkedTo === vmid);
      if (clones.length > 0 && diskKind(cluster, container).namesBase)
        die(`base volume '${volume.replace(/^[^:]*:/, '')}' is still in use by linked clones`);
      if (await cluster.backend.isRunning(vmid)) await cluster.backend.stop(vmid);
      if (storage !== '') await holdStorage(call, storage, () => task.takes(takes(cluster, 'destroy')));
      await cluster.backend.destroy(vmid);
      // as in Proxmox, a lock is all that remains of the configuration for a while before the configuration is removed
      // as well
      container.config = { lock: 'destroyed' };
      removeFromPools(cluster, vmid);
      if (isSet(call, 'purge')) {
        task.print(`purging CT ${vmid} from related configurations..`);
        removeService(cluster, sidOf(vmid), true);
      }
      await pause(takes(cluster, 'forget'));
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
