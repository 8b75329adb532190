/**
 * The size of V8's space for new objects. It doubles during the burst of a start and hardly ever shrinks again, which
 * costs some 15 MiB of resident memory for an idle daemon. So it stays small until the daemon is ready, and grows
 * under load.
 */
import { setFlagsFromString } from 'node:v8';

export function keepSemiSpaceSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

export function letSemiSpaceGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
}
