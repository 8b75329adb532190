/**
 * Simulates Proxmox's worker tasks. The start of a task returns its UPID at once, the work runs in the background, and
 * the exit status of the task contains the result.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { StateStore, TaskRecord } from './state.js';
import { messageOf, PveError } from './failure.js';

export interface TaskHandle {
  readonly upid: string;
  /** Adds a line to the task's log. */
  print(line: string): void;
  /** Adds a warning to the log. The task then ends with `WARNINGS: n`. */
  warn(line: string): void;
  /**
   * Waits as long as the real work would take. If the task is stopped during this time, the wait throws, so that the
   * task ends.
   */
  takes(ms: number): Promise<void>;
}

export interface TaskFault {
  /** The exit status with which the task ends, either instead of the work or after the work. */
  readonly error?: string;
  readonly errorAfter?: boolean;
  readonly extraMs?: number;
  /** Ends the task with OK without doing any work. */
  readonly lie?: boolean;
}

export interface TaskSpec {
  readonly node: string;
  readonly type: string;
  /** The VMID of the container, or an empty text. */
  readonly id: string;
  readonly user: string;
  readonly fault?: TaskFault | undefined;
}

export interface Tasks {
  /** Starts the task and returns its UPID. */
  fork(spec: TaskSpec, work: (task: TaskHandle) => Promise<void>): string;
  find(upid: string): TaskRecord | undefined;
  list(): readonly TaskRecord[];
  /** Stops the task, in the same way as the signal SIGTERM stops a real worker. */
  stop(upid: string): void;
  /** Resolves when no task is running. */
  idle(): Promise<void>;
}

const KEPT = 500;
export const UPID =
  /^UPID:([a-zA-Z0-9-]+):([0-9A-F]{8}):([0-9A-F]{8,9}):([0-9A-F]{8}):([^:\s]+):([^:\s]*):([^:\s]+):$/;

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

export function createTasks(store: StateStore, ended: () => void): Tasks {
  const { state } = store;
  const stops = new Map<string, AbortController>();
  const running = new Set<Promise<void>>();
  // if the whole environment was killed, the tasks that were running have ended as well
  for (const task of state.tasks) {
    if (task.status === 'stopped') continue;
    Object.assign(task, { status: 'stopped', exitstatus: 'unexpected status', endtime: seconds() });
  }

  function record(wanted: TaskSpec): TaskRecord {
    state.lastPid += 1;
    const pid = state.lastPid;
    const starttime = seconds();
    const pstart = Math.floor(process.uptime() * 100);
    const upid = `UPID:${wanted.node}:${hex(pid)}:${hex(pstart)}:${hex(starttime)}:${wanted.type}:${wanted.id}:${wanted.user}:`;
    const { node, type, id, user } = wanted;
    const task: TaskRecord = {
      upid,
      node,
      pid,
      pstart,
      starttime,
      type,
      id,
      user,
      status: 'running',
      began: Date.now(),
      log: [],
    };
    state.tasks.push(task);
    if (state.tasks.length > KEPT) state.tasks.splice(0, state.tasks.length - KEPT);
    return task;
  }

  async function run(
    task: TaskRecord,
    fault: TaskFault,
    work: (handle: TaskHandle) => Promise<void>,
  ): Promise<void> {
    let warnings = 0;
    const stop = new AbortController();
    stops.set(task.upid, stop);
    const takes = async (ms: number): Promise<void> => {
      await pause(ms);
      if (stop.signal.aborted) throw new PveError(500, 'received interrupt');
      // the task is stopped in the middle of its work, so that the cleanup code of the worker runs as in Proxmox
      if (fault.error !== undefined && fault.errorAfter !== true) throw new PveError(500, fault.error);
    };
    const handle: TaskHandle = {
      upid: task.upid,
      print: (line) => void task.log.push(line),
      warn(line) {
        warnings += 1;
        task.log.push(`WARN: ${line}`);
      },
      takes,
    };
    let exitstatus = 'OK';
    try {
      if (fault.extraMs !== undefined) await pause(fault.extraMs);
      if (fault.lie !== true) await work(handle);
      if (fault.error !== undefined) throw new PveError(500, fault.error);
      if (warnings > 0) exitstatus = `WARNINGS: ${warnings}`;
      task.log.push(warnings > 0 ? `TASK ${exitstatus}` : 'TASK OK');
    } catch (error) {
      const message = fault.error ?? messageOf(error);
      exitstatus = message.replaceAll(/\s*\n\s*/g, ' ').trim();
      task.log.push(`TASK ERROR: ${exitstatus}`);
    }
    stops.delete(task.upid);
    ended();
    await store.save().catch(() => {});
    Object.assign(task, { status: 'stopped', exitstatus, endtime: seconds(), ended: Date.now() });
    await store.save().catch(() => {});
  }

  return {
    fork(wanted, work) {
      const task = record(wanted);
      const done = run(task, wanted.fault ?? {}, work);
      running.add(done);
      void done.finally(() => running.delete(done));
      return task.upid;
    },
    find: (upid) => state.tasks.find((task) => task.upid === upid),
    list: () => state.tasks,
    stop: (upid) => stops.get(upid)?.abort(),
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}

export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
