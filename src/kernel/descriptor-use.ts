/** Number of file descriptors that this process has open, and its limit. */
import { readdirSync, readFileSync } from 'node:fs';

export interface DescriptorUse {
  /** Number of open descriptors; undefined when they could not be counted, because counting needs a free descriptor. */
  readonly open: number | undefined;
  /** The soft limit (`ulimit -n`, `LimitNOFILE=`); undefined where the system does not provide it. */
  readonly limit: number | undefined;
}

/** @param pid default: this process */
export function descriptorLimit(pid: number | 'self' = 'self'): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8')) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

export function openDescriptors(): number | undefined {
  try {
    // reading the folder uses one descriptor itself
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}
