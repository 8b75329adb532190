/** Reads a container's resource usage from its control group. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isUnified, payloadFolder } from './cgroup.js';

/** Returns the bytes in use. As in Proxmox, the reclaimable file cache is not included. */
export async function memoryUsed(namespace: string, vmid: number): Promise<number> {
  const folder = payloadFolder('memory', namespace, vmid);
  const unified = isUnified();
  const used = await readNumber(join(folder, unified ? 'memory.current' : 'memory.usage_in_bytes'));
  const stat = await readText(join(folder, 'memory.stat'));
  const cache = new RegExp(`^${unified ? 'file' : 'total_cache'} (\\d+)$`, 'm').exec(stat)?.[1];
  return Math.max(0, used - Number(cache ?? 0));
}

/** Returns the CPU time since the container's start, in seconds. */
export async function cpuSeconds(namespace: string, vmid: number): Promise<number> {
  if (!isUnified()) {
    return (await readNumber(join(payloadFolder('cpuacct', namespace, vmid), 'cpuacct.usage'))) / 1e9;
  }
  const stat = await readText(join(payloadFolder('cpu', namespace, vmid), 'cpu.stat'));
  return Number(/^usage_usec (\d+)$/m.exec(stat)?.[1] ?? 0) / 1e6;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return '';
  }
}

async function readNumber(file: string): Promise<number> {
  return Number((await readText(file)).trim() || 0);
}
