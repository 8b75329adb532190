/**
 * Sets the size of V8's space for new objects. During a start, V8 doubles this space and hardly ever shrinks it
 * again, which costs some 15 MiB of resident memory in an idle daemon. The space therefore stays small until the
 * daemon is ready, and may grow under load after that.
 */
import { setFlagsFromString } from 'node:v8';

export function keepSemiSpaceSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

export function letSemiSpaceGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
}
