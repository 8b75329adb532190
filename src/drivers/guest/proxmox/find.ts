/** Finds the container with a mark on whichever node of the cluster it is now. */
import { pause } from '../../../kernel/async/pause.js';
import { findMark } from '../../../kernel/mark.js';
import type { DriverCall } from '../../shared/call.js';
import type { ContainerState, GuestAt } from '../contract.js';
import { flag, num, text } from './schemas.js';
import { type Found, type Host, isOurs, locate, readStatus } from './host.js';
import { isPve } from './pve-error.js';
import { rootDiskBytes } from './property-string.js';

const GIB = 2 ** 30;

/**
 * The maximum number of rounds. Several rounds find a container that moves to another node. The limit ends the search
 * if the responses of the container host keep contradicting each other.
 */
const LOOKS = 3;
const PAUSE_MS = 200;

export async function find(host: Host, at: GuestAt, call: DriverCall): Promise<ContainerState | undefined> {
  for (let look = 1; ; look++) {
    const found = await locate(host, at.vmid, call.signal);
    if (found === undefined || !isOurs(found, at)) return undefined;
    try {
      return stateOf(found, await readStatus(host, found, call.signal));
    } catch (error) {
      // the container was destroyed or moved between the two requests
      if (!isPve(error, 'missing') || look >= LOOKS) throw error;
      host.seenOn.delete(at.vmid);
      await pause(host.clock, PAUSE_MS, call.signal);
    }
  }
}

function stateOf(
  { config, node, vmid }: Found,
  status: Awaited<ReturnType<typeof readStatus>>,
): ContainerState {
  const haState = text(status.ha?.state);
  return {
    vmid,
    node,
    power: status.status === 'running' ? 'running' : 'stopped',
    lock: text(config.lock) || text(status.lock) || null,
    hostname: text(config.hostname),
    mark: findMark(text(config.description)),
    template: flag(config.template),
    resources: {
      cores: num(config.cores),
      memoryMb: num(config.memory, 512),
      swapMb: num(config.swap, 512),
      diskGb: Math.round((rootDiskBytes(config.rootfs) ?? 0) / GIB),
    },
    ha: { managed: flag(status.ha?.managed), state: haState === '' ? null : haState },
  };
}
