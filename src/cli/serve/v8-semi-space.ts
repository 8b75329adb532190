/**
 * Sets the size of V8's space for new objects. Without this setting, V8 doubles the space several times during the
 * start and hardly ever shrinks it again, which costs about 15 MiB of resident memory in an idle daemon. The space is
 * therefore kept small until the daemon is ready. After that, it can grow under load.
 */
import { setFlagsFromString } from 'node:v8';

export function keepSemiSpaceSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

export function letSemiSpaceGrow(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
}
