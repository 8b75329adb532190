/**
 * How the configuration chooses an issuer. Instead of a key `driver`, the issuer's own keys determine whether it is
 * used.
 */
import type { DriverPart } from '../../config/driver-part.js';

export interface IssuerPart extends DriverPart {
  /** Returns whether the keys of the issuer enable it. */
  readonly isOn: (config: never) => boolean;
}
