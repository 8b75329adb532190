/** The host's clocks: the wall clock that anybody may set, and two that nobody sets. */
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { runChild } from '../drivers/shared/child.js';
import { withLimit } from '../kernel/async/with-limit.js';

export interface HostTime {
  /** Epoch ms. */
  wall(): number;
  /** Ms; stands still while the machine is suspended. */
  monotonic(): number;
  /** Ms since the host (or our container) started; on Linux CLOCK_BOOTTIME, so suspended time counts. */
  uptime(): number;
  /** Differs after a restart of the host; empty where it cannot be read. */
  readonly bootId: string;
  /**
   * Whether a time service keeps the wall clock in step; undefined where nobody says. The kernel withdraws a yes when
   * the clock is set by hand.
   */
  synchronised(signal: AbortSignal): Promise<boolean | undefined>;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const ASK_MS = 5_000;

/** `env`: systemd hides the file from us and tells the id itself (systemd/innkeeper.service). */
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
