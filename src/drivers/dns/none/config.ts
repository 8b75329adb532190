/** The DNS driver `none` has no configuration keys. */
import type { DriverPart } from '../../../config/driver-part.js';

export const none = {
  does: 'writes no records, so a wildcard record must point all names to the proxy',
  checks: [],
  hosts: () => [],
} satisfies DriverPart;
