/** The container with a mark, wherever in the cluster it is now. */
import { findMark } from '../../../domain/mark.js';
import type { DriverCall } from '../../call.js';
import type { ContainerState, GuestAt } from '../driver.js';
import { flag, num, text } from './answers.js';
import { type Host, isOurs, locate, readStatus } from './host.js';
import { isPve } from './pve-error.js';
import { rootDiskBytes } from './property-string.js';

const GIB = 2 ** 30;

export async function find(host: Host, at: GuestAt, call: DriverCall): Promise<ContainerState | undefined> {
  const found = await locate(host, at.vmid, call.signal);
  if (found === undefined || !isOurs(found, at)) return undefined;
  const { config, node, vmid } = found;
  try {
    const status = await readStatus(host, found, call.signal);
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
  } catch (error) {
    // destroyed or moved between the two questions
    if (isPve(error, 'missing')) {
      host.seenOn.delete(vmid);
      return (await locate(host, vmid, call.signal)) === undefined ? undefined : find(host, at, call);
    }
    throw error;
  }
}
