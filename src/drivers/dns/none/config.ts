/** DNS `none` has no keys of its own. */
import type { DriverPart } from '../../../config/driver-part.js';

export const none = {
  does: 'if a wildcard record points all names to the proxy',
  checks: [],
  hosts: () => [],
} satisfies DriverPart;
