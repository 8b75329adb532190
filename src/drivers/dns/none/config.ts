/** DNS `none` has no keys of its own. */
import type { DriverPart } from '../../../config/driver-part.js';

export const none = {
  does: 'when a wildcard record leads every name here',
  checks: [],
  hosts: () => [],
} satisfies DriverPart;
