/** Boots a daemon in order: config, state, drivers, cluster watch, job engine, HTTP; and stops it in the reverse order. */

export interface RunningDaemon {
  /** `http://127.0.0.1:8080` (or https). */
  readonly api: string;
  readonly socket: string;
  /** Graceful: no new work, running steps end or are handed back, within `jobs.stop_s`. */
  close(): Promise<void>;
}

export interface DaemonOptions {
  readonly configFile: string;
  /** Where log lines go; default stdout. */
  readonly logTo?: NodeJS.WritableStream;
}

export async function startDaemon(_options: DaemonOptions): Promise<RunningDaemon> {
  throw new Error('under construction');
}
