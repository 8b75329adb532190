/** What an issuer says of itself to the configuration: no key `driver` chooses it, its own keys do. */
import type { DriverPart } from '../../config/driver-part.js';

export interface IssuerPart extends DriverPart {
  /** Whether its keys say that it issues. */
  readonly isOn: (config: never) => boolean;
}
