/**
 * Applies the values of a plan to an existing container. Memory, swap and cores change immediately. The disk can only
 * grow.
 */
import type { DriverCall } from '../../shared/call.js';
import type { GuestAt, Resources } from '../contract.js';
import { num } from './schemas.js';
import { changeConfig, type CtChanges, growRootDisk } from './change-config.js';
import type { Found, Host } from './host.js';
import { waitForNoted } from './tasks.js';

export async function ensureResources(
  host: Host,
  at: GuestAt,
  resources: Resources,
  call: DriverCall,
): Promise<void> {
  await waitForNoted(host, call);
  const found = await changeConfig(host, at, call, ({ config }) => resourceChanges(config, resources));
  await growRootDisk(host, at, resources.diskGb, found, call);
}

export function resourceChanges(config: Found['config'], wanted: Resources): CtChanges {
  return {
    ...(num(config.cores) === wanted.cores ? {} : { cores: wanted.cores }),
    ...(num(config.memory, 512) === wanted.memoryMb ? {} : { memory: wanted.memoryMb }),
    ...(num(config.swap, 512) === wanted.swapMb ? {} : { swap: wanted.swapMb }),
  };
}
