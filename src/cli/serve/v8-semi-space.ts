/**
 * V8's space for new objects. It doubles in the burst of a start and hardly ever shrinks again, which is some 15 MiB
 * of resident memory for a daemon at rest. So it stays small until the daemon is ready, and grows when there is work
 * for it.
 */
import { setFlagsFromString } from 'node:v8';

export function keepSemiSpaceSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

export function letSemiSpaceGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
}
