/**
 * The values that the status daemon of the cluster broadcasts at intervals. `/cluster/resources` shows these values
 * instead of the current state.
 */
import type { Backend, BackendUsage } from '../backend.js';
import type { State } from './state.js';

export interface GuestStats {
  readonly name: string;
  readonly template: boolean;
  readonly running: boolean;
  readonly usage: BackendUsage;
}

/** The values as one API worker has cached them. */
export type Dump = ReadonlyMap<number, GuestStats>;

export interface Stats {
  /** The values of the last broadcast. Undefined for a newer guest. */
  of(vmid: number): GuestStats | undefined;
  /**
   * Returns the values of the next API worker. Each worker reads the broadcast values at most once in `dumpMs`, so
   * two workers may differ for this time after a change.
   */
  nextDump(): Dump;
  /**
   * Returns the values from before guests were last added, removed or renamed, like a worker that has not read the
   * values since then.
   */
  outdatedDump(): Dump;
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

/** The number of workers of pveproxy. Here they handle requests in turn. */
const WORKERS = 3;

/** Returns a text of all guests, their names, and whether they are templates, to detect changes. */
const census = (dump: Dump): string =>
  [...dump].map(([vmid, { name, template }]) => `${vmid} ${name} ${template}`).join('\n');

/** `everyMs` is the time between two broadcasts. */
export function createStats(state: State, backend: Backend, everyMs: number, dumpMs: number): Stats {
  let known: Dump = new Map<number, GuestStats>();
  let outdated = known;
  const workers = Array.from({ length: WORKERS }, () => ({ dump: known, readAt: Number.NEGATIVE_INFINITY }));
  let asked = 0;
  let pending: Promise<void> | undefined;

  async function look(): Promise<void> {
    const next = new Map<number, GuestStats>();
    for (const { vmid, config } of Object.values(state.containers)) {
      const running = await backend.isRunning(vmid).catch(() => false);
      const usage = running ? await backend.usage(vmid).catch(() => IDLE) : IDLE;
      const name = config['hostname'] ?? `CT${vmid}`;
      next.set(vmid, { name, template: config['template'] === '1', running, usage });
    }
    if (census(next) !== census(known)) outdated = known;
    known = next;
  }

  function nextDump(): Dump {
    const worker = workers[asked % WORKERS];
    asked += 1;
    if (!worker) return known;
    const now = Date.now();
    if (now - worker.readAt >= dumpMs) Object.assign(worker, { dump: known, readAt: now });
    return worker.dump;
  }

  const refresh = (): Promise<void> => {
    pending ??= look().finally(() => {
      pending = undefined;
    });
    return pending;
  };
  const timer = setInterval(() => void refresh().catch(() => {}), everyMs);
  return {
    of: (vmid) => known.get(vmid),
    nextDump,
    outdatedDump: () => outdated,
    refresh,
    close: () => clearInterval(timer),
  };
}
