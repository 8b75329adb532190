/** The check of issuer `none`: what it means that nobody issues. */
import { type DriverDoctor, ok } from '../../shared/doctor/check.js';

export function doctor(): DriverDoctor {
  return {
    checks: [
      {
        name: 'acme',
        title: 'certificate authority',
        after: [],
        look: [],
        run: async () => ok("ACME is off: customers' domains get no certificates"),
      },
    ],
    close: async () => {},
  };
}
