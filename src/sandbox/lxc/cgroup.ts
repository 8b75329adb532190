/**
 * Finds and removes the control groups of the containers. Supports hosts with a single hierarchy (v2) and hosts with
 * the old separate hierarchies (v1).
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { join } from 'node:path';

export const CGROUP_ROOT = '/sys/fs/cgroup';
const V1_CONTROLLERS = [
  'memory',
  'cpu',
  'cpuacct',
  'cpuset',
  'devices',
  'freezer',
  'blkio',
  'pids',
  'systemd',
  'unified',
];

export function isUnified(): boolean {
  return existsSync(join(CGROUP_ROOT, 'cgroup.controllers'));
}

/** Returns the path of a container's group relative to each hierarchy, which is `lxc.cgroup.dir` in its config. */
export function groupOf(namespace: string, vmid: number): string {
  return `${namespace}/${vmid}`;
}

/** Returns the folder that contains the groups of this controller. */
export function hierarchy(controller: string): string {
  return isUnified() ? CGROUP_ROOT : join(CGROUP_ROOT, controller);
}

export function payloadFolder(controller: string, namespace: string, vmid: number): string {
  return join(hierarchy(controller), groupOf(namespace, vmid), `lxc.payload.${vmid}`);
}

/**
 * Returns the ID of every process in the groups under `<namespace>/`, so that the processes of a crashed environment
 * can be ended.
 */
export function processesUnder(group: string): number[] {
  const found = new Set<number>();
  for (const folder of groupFolders(group)) {
    for (const child of walk(folder)) {
      try {
        for (const pid of readFileSync(join(child, 'cgroup.procs'), 'utf8').split('\n'))
          if (pid) found.add(Number(pid));
      } catch {
        // The group was removed during the read.
      }
    }
  }
  return [...found].filter((pid) => pid > 1);
}

/** Removes the empty groups that LXC leaves behind. */
export async function removeGroups(group: string): Promise<void> {
  for (const folder of groupFolders(group)) {
    for (const child of walk(folder).reverse()) await rmdir(child).catch(() => undefined);
  }
}

function groupFolders(group: string): string[] {
  return [join(CGROUP_ROOT, group), ...V1_CONTROLLERS.map((name) => join(CGROUP_ROOT, name, group))].filter(
    (folder) => existsSync(folder),
  );
}

/** Lists the folder and everything below it, with parents first. */
function walk(folder: string): string[] {
  try {
    const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [folder, ...names.flatMap((entry) => walk(join(folder, entry.name)))];
  } catch {
    return [];
  }
}
