/**
 * Defines how the configuration chooses an issuer. There is no key `driver`: the agent uses an issuer if the issuer's
 * own keys are set.
 */
import type { DriverPart } from '../../config/driver-part.js';

export interface IssuerPart extends DriverPart {
  /** Returns whether the keys of the issuer enable it. */
  readonly isOn: (config: never) => boolean;
}
