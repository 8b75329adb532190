/**
 * Determines whether a container is really gone. If a list does not contain the container, this proves that it is gone
 * only if the token has permission to see every guest. The status 403 never proves it.
 */
import { AgentError } from '../../../kernel/errors.js';
import type { DriverCall } from '../../shared/call.js';
import type { GuestAt } from '../contract.js';
import { text } from './schemas.js';
import { foreign, type Found, type Host, isOurs, locate, readConfig, readResources } from './host.js';
import { hostFailed, isPve } from './pve-error.js';

/**
 * Queries a node for a container that the cluster's list does not show. Resolves to undefined if the node reports that
 * the container does not exist, or to the container if it exists after all. Throws `container_host_refused` if the
 * token has no permission to see the container, because its state is then unknown.
 */
export async function confirmAbsent(host: Host, vmid: number, call: DriverCall): Promise<Found | undefined> {
  const nodes = (await readResources(host, call.signal))
    .filter((one) => one.type === 'node' && text(one.status) === 'online')
    .map((one) => text(one.node));
  let last: Error = hostFailed(
    'No node of the container host can be queried.',
    'no node of the cluster is online',
  );
  for (const node of nodes) {
    try {
      return { node, vmid, config: await readConfig(host, node, vmid, call.signal) };
    } catch (error) {
      if (isPve(error, 'missing')) return undefined;
      if (isPve(error, 'refused')) throw invisible(vmid, error);
      if (!isPve(error)) throw error;
      last = error;
    }
  }
  throw last;
}

function invisible(vmid: number, cause: Error): AgentError {
  return new AgentError(
    'container_host_refused',
    'The agent cannot find out whether the container still exists.',
    {
      role: 'container host',
      cause,
      detail: `container ${vmid}: ${cause.message}; grant VM.Audit on /vms (innkeeper doctor prints the commands)`,
    },
  );
}

/**
 * Returns the container if it exists and has our mark, or undefined if it is gone. Throws `foreign_object`, and the
 * errors of `confirmAbsent`.
 */
export async function findOurs(host: Host, at: GuestAt, call: DriverCall): Promise<Found | undefined> {
  const found = (await locate(host, at.vmid, call.signal)) ?? (await confirmAbsent(host, at.vmid, call));
  if (found !== undefined && !isOurs(found, at)) throw foreign(found, at);
  return found;
}
