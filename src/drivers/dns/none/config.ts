/** The DNS driver `none` has no configuration keys. */
import type { DriverPart } from '../../../config/driver-part.js';

export const none = {
  does: 'if a wildcard record points all names to the proxy',
  checks: [],
  hosts: () => [],
} satisfies DriverPart;
