/** The exec driver `local` has no separate configuration keys. */
import type { DriverPart } from '../../../config/driver-part.js';
import type { ExecKeys } from '../keys.js';

/** The part of the configuration that this driver reads. */
export interface LocalExecSettings {
  readonly exec: ExecKeys;
}

export const local = {
  does: 'runs pct on this machine (one node)',
  checks: [],
  hosts: () => [],
} satisfies DriverPart;
