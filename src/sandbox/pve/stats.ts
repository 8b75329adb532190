/** The figures that the cluster's status daemon broadcasts now and then: `/cluster/resources` shows these, not the present. */
import type { Backend, BackendUsage } from '../backend.js';
import type { State } from './state.js';

export interface GuestStats {
  readonly name: string;
  readonly template: boolean;
  readonly running: boolean;
  readonly usage: BackendUsage;
}

export interface Stats {
  /** As of the last broadcast; undefined for a guest that is newer than that. */
  of(vmid: number): GuestStats | undefined;
  refresh(): Promise<void>;
  close(): void;
}

export const IDLE: BackendUsage = {
  cpu: 0,
  memoryBytes: 0,
  diskBytes: 0,
  networkInBytes: 0,
  networkOutBytes: 0,
  uptimeS: 0,
};

export function createStats(state: State, backend: Backend, everyMs: number): Stats {
  let known = new Map<number, GuestStats>();
  let pending: Promise<void> | undefined;

  async function look(): Promise<void> {
    const next = new Map<number, GuestStats>();
    for (const { vmid, config } of Object.values(state.containers)) {
      const running = await backend.isRunning(vmid).catch(() => false);
      const usage = running ? await backend.usage(vmid).catch(() => IDLE) : IDLE;
      const name = config['hostname'] ?? `CT${vmid}`;
      next.set(vmid, { name, template: config['template'] === '1', running, usage });
    }
    known = next;
  }

  const refresh = (): Promise<void> => {
    pending ??= look().finally(() => {
      pending = undefined;
    });
    return pending;
  };
  const timer = setInterval(() => void refresh().catch(() => {}), everyMs);
  return { of: (vmid) => known.get(vmid), refresh, close: () => clearInterval(timer) };
}
