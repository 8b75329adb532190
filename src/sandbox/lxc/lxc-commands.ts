/**
 * Runs the lxc-* commands for the containers of one environment. The commands run inside the namespace of the
 * environment, because it contains their control sockets.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { identify, isAlive } from './process-identity.js';
import type { ProcessIdentity } from './process-identity.js';
import { run } from './run.js';

export class LxcCommands {
  readonly #enter: readonly string[];
  readonly #lxcPath: string;
  readonly #started = new Map<number, ProcessIdentity>();

  constructor(enter: readonly string[], lxcPath: string) {
    this.#enter = enter;
    this.#lxcPath = lxcPath;
  }

  /** Starts the container. Resolves when the container's init process is running. */
  async start(vmid: number): Promise<void> {
    const log = join(this.#lxcPath, String(vmid), 'log');
    await rm(log, { force: true });
    try {
      await this.#lxc('lxc-start', vmid, ['-l', 'WARN', '-o', log]);
    } catch (error) {
      throw new Error(`CT ${vmid} did not start: ${await lastErrors(log)}`, { cause: error });
    }
    const { stdout } = await this.#lxc('lxc-info', vmid, ['-p', '-H']);
    const init = identify(Number(stdout.trim()));
    if (init === undefined)
      throw new Error(`CT ${vmid} ended right after its start: ${await lastErrors(log)}`);
    this.#started.set(vmid, init);
  }

  async kill(vmid: number): Promise<void> {
    // Exit code 2 means that the container was not running.
    await this.#lxc('lxc-stop', vmid, ['-k'], [0, 2]);
    this.#started.delete(vmid);
  }

  /**
   * Sends a shutdown request to the container's init process and waits. The caller must check whether the container
   * has stopped.
   */
  async shutdown(vmid: number, timeoutS: number): Promise<void> {
    await this.#lxc('lxc-stop', vmid, ['--nokill', '-t', String(timeoutS)], [0, 1, 2], timeoutS);
  }

  /**
   * Returns the host's process ID of the container's init while the container runs. This needs only one read of a
   * small file.
   */
  initProcess(vmid: number): ProcessIdentity | undefined {
    const init = this.#started.get(vmid);
    if (init === undefined || isAlive(init)) return init;
    this.#started.delete(vmid);
    return undefined;
  }

  running(): number[] {
    return [...this.#started.keys()].filter((vmid) => this.initProcess(vmid) !== undefined);
  }

  async #lxc(
    command: string,
    vmid: number,
    args: string[],
    okCodes = [0],
    extraS = 0,
  ): Promise<{ stdout: string }> {
    const argv = [...this.#enter, command, '-P', this.#lxcPath, '-n', String(vmid), ...args];
    return run(argv, { okCodes, timeoutMs: 60_000 + extraS * 1000 });
  }
}

async function lastErrors(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  const errors = text.split('\n').filter((line) => line.includes(' ERROR '));
  return errors.slice(0, 3).join(' | ') || 'no message';
}
