/**
 * Finds and creates templates. A template is a container from which clones are created. The agent identifies a
 * template by its name.
 */
import { pause } from '../../../kernel/async/pause.js';
import type { DriverCall } from '../../shared/call.js';
import type { ClusterView, GuestAt, GuestView } from '../contract.js';
import { flag, num, read, TASKS } from './schemas.js';
import { segment } from './client.js';
import { apiOf, assertGoing, type Found, type Host, lxcOf, requireOurs, rounds } from './host.js';
import { readCluster } from './read-cluster.js';
import { PveError, said } from './pve-error.js';
import { untilDone } from './verify.js';
import { parseUpid, type TaskId, waitForNoted, waitForTask } from './tasks.js';

/**
 * Returns the templates with this name. If a node has several such templates, the one with the highest VMID comes
 * first, because it is the newest.
 */
export function templatesOf(view: ClusterView, name: string): GuestView[] {
  return view.guests
    .filter((guest) => guest.type === 'lxc' && guest.template && guest.name === name)
    .sort((a, b) => b.vmid - a.vmid);
}

/** Returns whether every node sees the same volumes on this storage. */
export function isShared(view: ClusterView, storage: string): boolean {
  return view.storages.some((one) => one.storage === storage && one.shared);
}

/**
 * Returns the nodes on which a clone of this template can be created. If the template is on the storage of a single
 * node, clones can be created only on that node. If the storage of the template is unknown, clones can be created only
 * on the node of the template as well.
 */
export function reachOf(view: ClusterView, storage: string, template: GuestView): readonly string[] {
  const own = template.rootStorage ?? storage;
  const isEverywhere = isShared(view, own) && (own === storage || isShared(view, storage));
  return isEverywhere ? view.nodes.map(({ name }) => name) : [template.node];
}

/** The interval at which Proxmox's status daemon updates the values and names that the cluster shows. */
const SHOWN_WITHIN_MS = 30_000;
const LOOK_MS = 250;

/**
 * Converts a container to a template. The name of the template is the hostname of the container. Resolves when clones
 * can find the template.
 */
export async function convertToTemplate(host: Host, at: GuestAt, call: DriverCall): Promise<void> {
  await waitForNoted(host, call);
  await untilDone(host, at.vmid, call, async () => {
    const found = await requireOurs(host, at, call);
    if (flag(found.config.template)) return true;
    try {
      const { template } = lxcOf(host, found, call.signal);
      assertGoing(call);
      // some releases return the task ID, others return nothing
      const worker = parseUpid(await template.$post());
      if (worker) await waitForTask(host, call, worker, host.config.task_timeout_s * 1_000);
    } catch (error) {
      if (!said(error, /template to a template|already a template/i)) throw error;
    }
    await untilConverted(host, at, call);
    return true;
  });
  await untilShown(host, at, call);
}

/**
 * Finds the task of the conversion among the tasks of the node. This is needed because the call returns before the
 * task has ended, and does not return the ID of the task.
 */
async function untilConverted(host: Host, at: GuestAt, call: DriverCall): Promise<void> {
  const until = host.clock.monotonic() + host.config.task_timeout_s * 1_000;
  for (;;) {
    const found = await requireOurs(host, at, call);
    if (flag(found.config.template)) return;
    const worker = await newestWorker(host, found, call);
    if (worker !== undefined) await waitForTask(host, call, worker, until - host.clock.monotonic());
    else await pause(host.clock, LOOK_MS, call.signal);
    assertGoing(call);
    if (host.clock.monotonic() >= until) {
      throw new PveError('unknown', `template ${at.vmid}`, 'it did not finish in time');
    }
  }
}

async function newestWorker(
  host: Host,
  { node, vmid }: Found,
  call: DriverCall,
): Promise<TaskId | undefined> {
  const { tasks } = apiOf(host, call).nodes.$(segment(node));
  const answer: unknown = await tasks.$get({ vmid, typefilter: 'vztemplate', source: 'all', limit: 5 });
  const newest = [...read(TASKS, 'tasks', answer)].sort((a, b) => num(b.starttime) - num(a.starttime))[0];
  return parseUpid(newest?.upid);
}

async function untilShown(host: Host, at: GuestAt, call: DriverCall): Promise<void> {
  for await (const _ of rounds(host, call.signal, LOOK_MS * 4, SHOWN_WITHIN_MS)) {
    const { guests } = await readCluster(host, call);
    if (guests.some((guest) => guest.vmid === at.vmid && guest.template && guest.name !== '')) return;
  }
  (call.log ?? host.log).warn({ vmid: at.vmid }, 'the cluster does not show the new template yet');
}
