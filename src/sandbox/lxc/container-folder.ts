/**
 * The files about a container that are stored next to its disk. They contain its LXC config, its last configuration,
 * its node (for `pct`), and whether it must be running.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { type BackendContainer, BackendContainerSchema } from '../backend.js';

export class ContainerFolders {
  /** The path for `lxc-start -P`. */
  readonly lxcPath: string;

  constructor(lxcPath: string) {
    this.lxcPath = lxcPath;
  }

  async write(container: BackendContainer, lxcConfig: string): Promise<void> {
    await mkdir(this.#file(container.vmid), { recursive: true });
    await writeFile(this.#file(container.vmid, 'config'), lxcConfig);
    await writeFile(this.#file(container.vmid, 'node'), `${container.node}\n`);
    await writeFile(this.#file(container.vmid, 'container.json'), JSON.stringify(container));
  }

  /** Returns undefined if the configuration was never written, or is damaged. */
  async find(vmid: number): Promise<BackendContainer | undefined> {
    const text = await readFile(this.#file(vmid, 'container.json'), 'utf8').catch(() => 'null');
    try {
      const value: unknown = JSON.parse(text);
      return Value.Check(BackendContainerSchema, value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  async setMeantToRun(vmid: number, running: boolean): Promise<void> {
    const file = this.#file(vmid, 'running');
    if (running) await writeFile(file, '');
    else await rm(file, { force: true });
  }

  /** Returns the containers that were running when the environment ended. */
  async meantToRun(): Promise<BackendContainer[]> {
    const vmids = (await readdir(this.lxcPath)).filter((name) =>
      existsSync(join(this.lxcPath, name, 'running')),
    );
    const found = await Promise.all(vmids.map(async (vmid) => this.find(Number(vmid))));
    return found.filter((container) => container !== undefined);
  }

  async remove(vmid: number): Promise<void> {
    await rm(this.#file(vmid), { recursive: true, force: true });
  }

  #file(vmid: number, ...name: string[]): string {
    return join(this.lxcPath, String(vmid), ...name);
  }
}
