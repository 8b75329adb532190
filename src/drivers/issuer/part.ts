/** How the configuration chooses an issuer: not by a key `driver`, but by the issuer's own keys. */
import type { DriverPart } from '../../config/driver-part.js';

export interface IssuerPart extends DriverPart {
  /** Whether its keys enable it. */
  readonly isOn: (config: never) => boolean;
}
