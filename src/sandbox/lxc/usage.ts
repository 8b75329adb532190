/**
 * Reads the resource usage of a container, which `status/current` and `/cluster/resources` show. Each read is cheap,
 * so that every container can be read at every poll.
 */
import { readFile } from 'node:fs/promises';
import type { BackendUsage } from '../backend.js';
import { cpuSeconds, memoryUsed } from './cgroup-usage.js';
import type { Disk } from './disk.js';
import type { ProcessIdentity } from './process-identity.js';

const TICKS_PER_S = 100;

export class UsageReader {
  readonly #namespace: string;
  readonly #disk: Disk;
  readonly #cores = new Map<number, number>();
  readonly #lastCpu = new Map<number, { at: number; seconds: number; rate: number }>();

  constructor(namespace: string, disk: Disk) {
    this.#namespace = namespace;
    this.#disk = disk;
  }

  setCores(vmid: number, cores: number): void {
    this.#cores.set(vmid, cores);
  }

  forget(vmid: number): void {
    this.#lastCpu.delete(vmid);
    this.#cores.delete(vmid);
  }

  async read(vmid: number, init: ProcessIdentity | undefined, rootfs: string): Promise<BackendUsage> {
    const diskBytes = await this.#disk.usedBytes(rootfs);
    if (init === undefined) {
      this.#lastCpu.delete(vmid);
      return { cpu: 0, memoryBytes: 0, diskBytes, networkInBytes: 0, networkOutBytes: 0, uptimeS: 0 };
    }
    const [memoryBytes, cpu, network, uptimeS] = await Promise.all([
      memoryUsed(this.#namespace, vmid),
      this.#cpu(vmid),
      readTraffic(init.pid),
      readUptime(init),
    ]);
    return { cpu, memoryBytes, diskBytes, networkInBytes: network.in, networkOutBytes: network.out, uptimeS };
  }

  /**
   * Returns the share of the container's cores (0 to 1) that was busy since an earlier reading. That reading is at
   * least one second old.
   */
  async #cpu(vmid: number): Promise<number> {
    const now = Date.now();
    const last = this.#lastCpu.get(vmid);
    if (last !== undefined && now - last.at < 1000) return last.rate;
    const seconds = await cpuSeconds(this.#namespace, vmid);
    const cores = this.#cores.get(vmid) ?? 1;
    const busy = last === undefined ? 0 : (seconds - last.seconds) / ((now - last.at) / 1000) / cores;
    const rate = Math.min(1, Math.max(0, busy));
    this.#lastCpu.set(vmid, { at: now, seconds, rate });
    return rate;
  }
}

async function readTraffic(pid: number): Promise<{ in: number; out: number }> {
  const text = await readFile(`/proc/${pid}/net/dev`, 'utf8').catch(() => '');
  const fields = /^\s*eth0:\s*(.*)$/m.exec(text)?.[1]?.split(/\s+/) ?? [];
  return { in: Number(fields[0] ?? 0), out: Number(fields[8] ?? 0) };
}

async function readUptime(init: ProcessIdentity): Promise<number> {
  const sinceBoot = Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]);
  return Math.max(0, Math.floor(sinceBoot - Number(init.startTime) / TICKS_PER_S));
}
