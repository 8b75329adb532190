/**
 * The processes for requests: at most one for each module and a few in total. A process is started at the first request
 * and ends when it was idle for a while.
 */
import { KeyedLock } from '../../kernel/async/keyed-lock.js';
import { orAbort } from '../../kernel/async/race.js';
import { AgentError } from '../../kernel/errors.js';
import { openRequestProcess, type RequestProcess } from './request-process.js';
import type { ProcessOptions } from '../../jobs/engine/processes.js';

export interface PoolOptions {
  readonly process: ProcessOptions;
  /** Number of processes. */
  readonly most: number;
  readonly idleMs: number;
}

/** The code of a module. */
export interface Code {
  /** `plugin/monitoring` */
  readonly module: string;
  /** Path of `module.js`. */
  readonly path: string;
}

export interface RequestPool {
  /**
   * Runs `work` with the process of the module as soon as it is free. Rejects with the reason of the signal while
   * `work` has not begun, and with `module_unavailable` if too many requests wait.
   */
  use(code: Code, signal: AbortSignal, work: (process: RequestProcess) => Promise<void>): Promise<void>;
  /** Ends all processes. */
  stop(): Promise<void>;
}

interface Slot {
  readonly path: string;
  process: RequestProcess | undefined;
  isBusy: boolean;
  idleSince: number;
  timer: NodeJS.Timeout | undefined;
}

/** Requests of one module that wait. */
const MOST_WAITING = 32;

export function requestPool({ process: options, most, idleMs }: PoolOptions): RequestPool {
  const turns = new KeyedLock();
  const slots = new Map<string, Slot>();
  const waiting = new Map<string, number>();
  const wake = new Set<() => void>();
  let isStopped = false;

  const freed = (): void => {
    for (const go of wake) go();
    wake.clear();
  };
  const end = async (module: string, slot: Slot): Promise<void> => {
    clearTimeout(slot.timer);
    slot.isBusy = true;
    await slot.process?.terminate();
    if (slots.get(module) === slot) slots.delete(module);
    freed();
  };
  /** Puts the slot among the others once there is room, if necessary in place of an idle process. */
  const enter = async (module: string, slot: Slot, signal: AbortSignal): Promise<void> => {
    while (slots.size >= most) {
      const [idle] = [...slots]
        .filter(([, { isBusy }]) => !isBusy)
        .sort(([, a], [, b]) => a.idleSince - b.idleSince);
      if (idle) await end(...idle);
      else await orAbort(new Promise<void>((go) => wake.add(go)), signal);
    }
    slots.set(module, slot);
  };
  const open = async (
    { module, path }: Code,
    signal: AbortSignal,
  ): Promise<Slot & { process: RequestProcess }> => {
    const known = slots.get(module);
    if (known?.process && known.path === path) {
      clearTimeout(known.timer);
      known.isBusy = true;
      return known as Slot & { process: RequestProcess };
    }
    if (known) await end(module, known);
    const slot: Slot = { path, process: undefined, isBusy: true, idleSince: 0, timer: undefined };
    await enter(module, slot, signal);
    const leave = (): void => {
      clearTimeout(slot.timer);
      if (slots.get(module) === slot) slots.delete(module);
      freed();
    };
    try {
      const process = await openRequestProcess(options);
      void process.gone.then(leave);
      slot.process = process;
      if (isStopped) await process.terminate();
      return slot as Slot & { process: RequestProcess };
    } catch (error) {
      leave();
      throw error;
    }
  };
  const idle = (module: string, slot: Slot): void => {
    // its process has ended
    if (slots.get(module) !== slot) return;
    slot.isBusy = false;
    slot.idleSince = performance.now();
    slot.timer = setTimeout(() => void end(module, slot), idleMs);
    slot.timer.unref();
    freed();
  };
  return {
    async use(code, signal, work) {
      const { module } = code;
      const before = waiting.get(module) ?? 0;
      if (before >= MOST_WAITING) throw busy(`${MOST_WAITING} requests are already waiting`);
      waiting.set(module, before + 1);
      const turn = turns.run(module, async () => {
        signal.throwIfAborted();
        if (isStopped) throw new AgentError('shutting_down', 'The agent is stopping.');
        const slot = await open(code, signal);
        try {
          await work(slot.process);
        } finally {
          idle(module, slot);
        }
      });
      try {
        await turn;
      } finally {
        const left = (waiting.get(module) ?? 1) - 1;
        if (left > 0) waiting.set(module, left);
        else waiting.delete(module);
      }
    },
    async stop() {
      isStopped = true;
      await Promise.all([...slots].map(([module, slot]) => end(module, slot)));
    },
  };
}

export function busy(detail: string): AgentError {
  return new AgentError(
    'module_unavailable',
    'The module has too many requests. Please try again in a moment.',
    {
      detail,
      retryAfterS: 5,
    },
  );
}
