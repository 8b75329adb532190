/** Reports that customers' domains get no certificates if no issuer is configured. */
import { type DriverDoctor, ok } from '../../shared/doctor/check.js';

export function doctor(): DriverDoctor {
  return {
    checks: [
      {
        name: 'acme',
        title: 'certificate authority',
        after: [],
        look: [],
        run: async () => ok("ACME is disabled: customers' domains get no certificates"),
      },
    ],
    close: async () => {},
  };
}
