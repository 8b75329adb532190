/**
 * Simulates the file locks of Proxmox. Locks are exclusive, and are granted in the order of the requests. If a lock
 * does not become free in time, the request fails with "got timeout".
 */
import { PveError } from './failure.js';

export interface Locks {
  /**
   * Runs `work` while holding the lock with this name. Fails with Proxmox's message if the lock does not become free
   * within `waitMs`.
   */
  hold<T>(file: string, waitMs: number, work: () => Promise<T>): Promise<T>;
}

export function createLocks(): Locks {
  const queues = new Map<string, (() => void)[]>();

  function acquire(file: string, waitMs: number): Promise<void> {
    const queue = queues.get(file);
    if (!queue) {
      queues.set(file, []);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(enter), 1);
        reject(new PveError(500, `can't lock file '${file}' - got timeout`));
      }, waitMs);
      const enter = (): void => {
        clearTimeout(timer);
        resolve();
      };
      queue.push(enter);
    });
  }

  function release(file: string): void {
    const next = queues.get(file)?.shift();
    if (next) next();
    else queues.delete(file);
  }

  return {
    async hold(file, waitMs, work) {
      await acquire(file, waitMs);
      try {
        return await work();
      } finally {
        release(file);
      }
    },
  };
}

export const configLock = (vmid: number): string => `/run/lock/lxc/pve-config-${vmid}.lock`;
