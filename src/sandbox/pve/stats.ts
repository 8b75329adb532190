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
  /** The values of the last broadcast. Undefined if the guest was created after the last broadcast. */
  of(vmid: number): GuestStats | undefined;
  /**
   * Returns the values that the next API worker has cached. Each worker reads the broadcast values at most once in
   * `dumpMs`, so for this long after a change, two workers may return different values.
   */
  nextDump(): Dump;
  /**
   * Returns the values that a worker has which last read them before the most recent change, that is, before a guest
   * was added, removed or renamed.
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

/** The number of workers of pveproxy. In the simulation, they handle requests in turn. */
const WORKERS = 3;

/**
 * Returns a text that lists all guests with their names and whether they are templates. Two texts are compared to
 * detect changes.
 */
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
