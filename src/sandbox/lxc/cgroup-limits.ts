/** Sets the limits of a container's memory, swap and cores in its control group. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CGROUP_ROOT, isUnified, payloadFolder } from './cgroup.js';

const CPU_PERIOD_US = 100_000;

export interface Limits {
  readonly memoryMb: number;
  readonly swapMb: number;
  readonly cores: number;
}

/**
 * Returns the value for each file in the hierarchy. The memory limit comes first, because v1 rejects a memory+swap
 * limit below the memory limit.
 */
export function limitValues(
  limits: Limits,
  unified = isUnified(),
): [controller: string, key: string, value: string][] {
  const memory = limits.memoryMb * 1024 ** 2;
  const swap = limits.swapMb * 1024 ** 2;
  const quota = limits.cores * CPU_PERIOD_US;
  if (unified) {
    return [
      ['memory', 'memory.max', String(memory)],
      ['memory', 'memory.swap.max', String(swap)],
      ['cpu', 'cpu.max', `${quota} ${CPU_PERIOD_US}`],
    ];
  }
  return [
    ['memory', 'memory.limit_in_bytes', String(memory)],
    ['memory', 'memory.memsw.limit_in_bytes', String(memory + swap)],
    ['cpu', 'cpu.cfs_quota_us', String(quota)],
  ];
}

/** Returns the lines for the container's LXC config. Limits for which this kernel has no controller are omitted. */
export function limitLines(limits: Limits): string[] {
  const unified = isUnified();
  return limitValues(limits, unified)
    .filter(([controller, key]) => isSupported(controller, key, unified))
    .map(([, key, value]) => `lxc.${unified ? 'cgroup2' : 'cgroup'}.${key} = ${value}`);
}

function isSupported(controller: string, key: string, unified: boolean): boolean {
  if (!unified) return existsSync(join(CGROUP_ROOT, controller, key));
  return readFileSync(join(CGROUP_ROOT, 'cgroup.controllers'), 'utf8').split(/\s/).includes(controller);
}

/**
 * Changes the limits of a running container. The limits are written twice, because v1 rejects a write after which the
 * memory limit would be above the memory+swap limit, so that one of the two writes can fail the first time.
 */
export async function applyLimits(namespace: string, vmid: number, limits: Limits): Promise<void> {
  const unified = isUnified();
  const values = limitValues(limits, unified).filter(([controller, key]) =>
    isSupported(controller, key, unified),
  );
  for (const last of [false, true]) {
    for (const [controller, key, value] of values) {
      const written = writeFile(join(payloadFolder(controller, namespace, vmid), key), value);
      await (last ? written : written.catch(() => undefined));
    }
  }
}
