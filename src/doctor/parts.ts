/** The dependencies of the checks. Each check opens its own connections and shares none with the daemon. */
import type { Readable } from 'node:stream';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import type { ClockDoubt } from '../model/clock-doubt.js';
import type { BrokenPart } from '../modules/catalogue.js';
import type { Products } from '../modules/registry.js';

/** The offset of the wall clock in ms, as in `ClockDoubt`. */
export type SeenDoubt = Pick<ClockDoubt, 'kind' | 'offMs'>;

export interface Running {
  /** Why the daemon is not ready. Undefined if it is ready. */
  readonly problem?: string;
  /** The release of the daemon. Undefined if the daemon does not report it. */
  readonly version: string | undefined;
}

export interface DaemonSide {
  /** Returns undefined if no daemon is running. Rejects if a running daemon does not respond properly. */
  readiness(): Promise<Running | undefined>;
  /**
   * Returns the daemon's doubt about the wall clock. Returns undefined if no daemon is running, or if the daemon does
   * not report whether it trusts the clock.
   */
  readonly clock?: () => Promise<{ readonly doubt: SeenDoubt | undefined } | undefined>;
  /** Returns the documents as a consistent snapshot, or undefined if no daemon is running. */
  export(): Promise<Readable | undefined>;
  /** Returns whether systemd should run the daemon according to its unit. */
  readonly isEnabled?: () => Promise<boolean>;
}

export interface DoctorParts {
  readonly configFile: string;
  readonly config: Config;
  /** The products that can be used. */
  readonly products: Products;
  readonly broken?: readonly BrokenPart[];
  readonly clock: Clock;
  readonly daemon: DaemonSide;
}
