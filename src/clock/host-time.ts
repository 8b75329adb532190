/** The host's clocks: the wall clock, which can be set, and two clocks that cannot be set. */
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { runChild } from '../drivers/shared/child.js';
import { withLimit } from '../kernel/async/with-limit.js';

export interface HostTime {
  /** Epoch ms. */
  wall(): number;
  /** Milliseconds; does not advance while the machine is suspended. */
  monotonic(): number;
  /**
   * Milliseconds since the host (or the agent's container) started; CLOCK_BOOTTIME on Linux, which also counts the time
   * that the host is suspended.
   */
  uptime(): number;
  /** The host's boot id, which changes with every restart of the host. Empty if it cannot be read. */
  readonly bootId: string;
  /**
   * Whether a time service keeps the wall clock synchronised; undefined if unknown. The kernel clears the flag when the
   * clock is set manually.
   */
  synchronised(signal: AbortSignal): Promise<boolean | undefined>;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const ASK_MS = 5_000;

/**
 * `env` is needed because the systemd unit hides the file with the boot id and passes the id in a variable instead
 * (systemd/innkeeper.service).
 */
export function hostTime(env: Readonly<Record<string, string | undefined>> = process.env): HostTime {
  return {
    wall: () => Date.now(),
    monotonic: () => performance.now(),
    uptime: () => uptime() * 1000,
    bootId: (env['INNKEEPER_BOOT_ID'] ?? bootIdOf(BOOT_ID)).replaceAll('-', '').trim(),
    synchronised,
  };
}

function bootIdOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function synchronised(signal: AbortSignal): Promise<boolean | undefined> {
  const argv = ['timedatectl', 'show', '--property=NTPSynchronized', '--value'];
  try {
    const { code, stdout } = await withLimit(signal, ASK_MS, (limited) =>
      runChild(argv, { maxOutputBytes: 100 }, limited),
    );
    if (code !== 0) return undefined;
    return stdout.trim() === 'yes' ? true : stdout.trim() === 'no' ? false : undefined;
  } catch {
    return undefined;
  }
}
