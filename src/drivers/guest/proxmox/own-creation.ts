/**
 * Finds a task of this agent that creates a container, if the response to the request was lost, and waits for the end
 * of the task. Such a task continues under the agent's token, and is listed among the tasks of the node.
 */
import type { DriverCall } from '../../shared/call.js';
import { read, TASKS } from './schemas.js';
import { segment } from './client.js';
import { apiOf, type Host } from './host.js';
import { isPve } from './pve-error.js';
import { parseUpid, type TaskId, waitForTask } from './tasks.js';

/**
 * Waits until the task of this agent that creates the container from an OS template has ended, whether or not it
 * succeeds. Returns false if no such task is running. Until the task has ended, the container has no mark, and it is
 * not in the pool on which the token has its privileges.
 */
export async function waitForOwnCreation(
  host: Host,
  at: { readonly node: string; readonly vmid: number },
  call: DriverCall,
): Promise<boolean> {
  const task = await findOwnCreation(host, at, call);
  if (task === undefined) return false;
  try {
    await waitForTask(host, call, task, host.config.task_timeout_s * 1_000);
  } catch (error) {
    if (!isPve(error)) throw error;
    (call.log ?? host.log).debug({ upid: task.upid, err: error }, 'the agent could not create a container');
  }
  return true;
}

async function findOwnCreation(
  host: Host,
  { node, vmid }: { readonly node: string; readonly vmid: number },
  call: DriverCall,
): Promise<TaskId | undefined> {
  const { tasks } = apiOf(host, call).nodes.$(segment(node));
  const answer: unknown = await tasks.$get({ vmid, typefilter: 'vzcreate', source: 'active' });
  return read(TASKS, `tasks of ${node}`, answer)
    .map(({ upid }) => parseUpid(upid))
    .find((one) => one?.owner === host.config.token_id);
}
