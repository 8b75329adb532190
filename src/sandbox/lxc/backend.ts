/**
 * The container host of the lxc environment: real unprivileged LXC containers whose root disks are btrfs subvolumes.
 */
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backend, BackendContainer, BackendUsage } from '../backend.js';
import { removeGroups, groupOf } from './cgroup.js';
import { applyLimits } from './cgroup-limits.js';
import { renderContainerConfig } from './container-config.js';
import { ContainerFolders } from './container-folder.js';
import type { Disk } from './disk.js';
import { writeGuestFiles } from './guest-files.js';
import { LxcCommands } from './lxc-commands.js';
import type { ContainerNetwork } from './network.js';
import { UsageReader } from './usage.js';
import { run } from './run.js';

export interface LxcBackendParts {
  /** The folder that contains one folder per container. */
  readonly lxcPath: string;
  readonly bridgeHook: string;
  readonly disk: Disk;
  readonly network: ContainerNetwork;
  /** The apt settings that every container gets. */
  readonly aptConfig: string;
  /**
   * Returns the subvolume with the content of the OS template. Creates the subvolume if necessary. Rejects if there is
   * no such template.
   */
  readonly baseSubvolume: (osTemplate: string) => Promise<string>;
  /** Called when a container with this host name was converted to a template. */
  readonly onTemplate: (hostname: string, rootfs: string) => Promise<void>;
  readonly log: (line: string) => void;
}

export class LxcBackend implements Backend {
  readonly kind = 'lxc';
  readonly #parts: LxcBackendParts;
  readonly #lxc: LxcCommands;
  readonly #folders: ContainerFolders;
  readonly #usage: UsageReader;

  constructor(parts: LxcBackendParts) {
    this.#parts = parts;
    this.#folders = new ContainerFolders(parts.lxcPath);
    this.#lxc = new LxcCommands(parts.network.enter, parts.lxcPath);
    this.#usage = new UsageReader(parts.network.namespace, parts.disk);
  }

  async create(container: BackendContainer, osTemplate: string): Promise<void> {
    const base = await this.#parts.baseSubvolume(osTemplate);
    await this.#makeFrom(container, base);
    // Every new container gets new SSH host keys, as in Proxmox.
    await run(['ssh-keygen', '-q', '-A', '-f', this.#root(container.vmid)]);
  }

  async clone(container: BackendContainer, sourceVmid: number): Promise<void> {
    if (!existsSync(this.#root(sourceVmid))) throw new Error(`CT ${sourceVmid} has no root disk`);
    await this.#makeFrom(container, this.#root(sourceVmid));
  }

  async #makeFrom(container: BackendContainer, source: string): Promise<void> {
    const { disk } = this.#parts;
    const root = this.#root(container.vmid);
    await disk.remove(root);
    await disk.snapshot(source, root, false);
    await disk.limit(root, container.diskGb);
    await this.#write(container);
  }

  async configure(container: BackendContainer): Promise<void> {
    await this.#write(container);
    if (!(await this.isRunning(container.vmid))) return;
    await applyLimits(this.#parts.network.namespace, container.vmid, container);
  }

  async start(container: BackendContainer): Promise<void> {
    const { disk, aptConfig, log } = this.#parts;
    const root = this.#root(container.vmid);
    if (!existsSync(root)) throw new Error(`CT ${container.vmid} has no root disk`);
    await this.#write(container);
    await disk.limit(root, container.diskGb);
    await writeGuestFiles(root, container, { aptConfig });
    try {
      await this.#lxc.start(container.vmid);
    } catch (error) {
      log(String(error));
      throw new Error(`startup for container '${container.vmid}' failed`, { cause: error });
    }
    await this.#folders.setMeantToRun(container.vmid, true);
  }

  /**
   * Starts the containers that were running when the environment ended. If a container does not start, this is only
   * logged.
   */
  async resume(): Promise<void> {
    const starting = (await this.#folders.meantToRun()).map((container) => this.start(container));
    for (const result of await Promise.allSettled(starting)) {
      if (result.status === 'rejected') this.#parts.log(String(result.reason));
    }
  }

  async stop(vmid: number): Promise<void> {
    await this.#lxc.kill(vmid);
    await this.#afterStop(vmid);
    await this.#folders.setMeantToRun(vmid, false);
  }

  async shutdown(vmid: number, timeoutS: number): Promise<void> {
    await this.#lxc.shutdown(vmid, timeoutS);
    if (await this.isRunning(vmid)) throw new Error('container did not stop');
    await this.#afterStop(vmid);
    await this.#folders.setMeantToRun(vmid, false);
  }

  async #afterStop(vmid: number): Promise<void> {
    await removeGroups(groupOf(this.#parts.network.namespace, vmid));
  }

  async resize(container: BackendContainer): Promise<void> {
    await this.#parts.disk.limit(this.#root(container.vmid), container.diskGb);
  }

  /** btrfs creates the snapshot atomically, even while the container is running. */
  async snapshot(vmid: number, name: string): Promise<void> {
    await this.#parts.disk.snapshot(this.#root(vmid), this.#snapshot(vmid, name), true);
  }

  async deleteSnapshot(vmid: number, name: string): Promise<void> {
    await this.#parts.disk.remove(this.#snapshot(vmid, name));
  }

  async rollback(vmid: number, name: string): Promise<void> {
    if (await this.isRunning(vmid)) await this.stop(vmid);
    const from = this.#snapshot(vmid, name);
    if (!existsSync(from)) throw new Error(`snapshot '${name}' does not exist`);
    await this.#parts.disk.replace(this.#root(vmid), from);
  }

  async convertToTemplate(vmid: number): Promise<void> {
    const { disk, onTemplate, log } = this.#parts;
    const root = this.#root(vmid);
    await disk.setReadOnly(root, true);
    const name = (await this.#folders.find(vmid))?.hostname ?? '';
    await onTemplate(name, root).catch((error: unknown) => log(`template ${vmid}: ${String(error)}`));
  }

  async destroy(vmid: number): Promise<void> {
    const { disk } = this.#parts;
    if (await this.isRunning(vmid)) await this.stop(vmid);
    const snapshots = disk.path('snap', String(vmid));
    for (const name of existsSync(snapshots) ? await readdir(snapshots) : []) {
      await disk.remove(join(snapshots, name));
    }
    await rm(snapshots, { recursive: true, force: true });
    await disk.remove(this.#root(vmid));
    await this.#folders.remove(vmid);
    this.#usage.forget(vmid);
  }

  async isRunning(vmid: number): Promise<boolean> {
    return this.#lxc.initProcess(vmid) !== undefined;
  }

  async usage(vmid: number): Promise<BackendUsage> {
    return this.#usage.read(vmid, this.#lxc.initProcess(vmid), this.#root(vmid));
  }

  /** Stops the running containers, and records that they were running. */
  async close(): Promise<void> {
    await Promise.all(
      this.#lxc.running().map(async (vmid) => {
        await this.#lxc.kill(vmid);
        await this.#afterStop(vmid);
      }),
    );
  }

  /** Returns the absolute path of a container's root disk. */
  #root(vmid: number): string {
    return this.#parts.disk.path('ct', String(vmid));
  }

  #snapshot(vmid: number, name: string): string {
    return this.#parts.disk.path('snap', String(vmid), name);
  }

  async #write(container: BackendContainer): Promise<void> {
    const { network, bridgeHook } = this.#parts;
    const rootfs = this.#root(container.vmid);
    const place = { namespace: network.namespace, network: network.plan, rootfs, bridgeHook };
    await this.#folders.write(container, renderContainerConfig(container, place));
    this.#usage.setCores(container.vmid, container.cores);
  }
}
