/** What the checks work with; each part opens its connections itself and shares none with the daemon. */
import type { Readable } from 'node:stream';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import type { ClockDoubt } from '../model/clock-doubt.js';
import type { BrokenPart } from '../modules/catalogue.js';
import type { Products } from '../modules/registry.js';

/** How far the wall clock is off, in ms, as `ClockDoubt` has it. */
export type SeenDoubt = Pick<ClockDoubt, 'kind' | 'offMs'>;

export interface Running {
  /** Why it is not ready; undefined: it is. */
  readonly problem?: string;
  /** Its release; undefined: one that does not tell. */
  readonly version: string | undefined;
}

export interface DaemonSide {
  /** Undefined when none runs. Rejects when one runs and does not answer well. */
  readiness(): Promise<Running | undefined>;
  /** What the daemon thinks of the wall clock; undefined when none runs, or one that does not say. */
  readonly clock?: () => Promise<{ readonly doubt: SeenDoubt | undefined } | undefined>;
  /** The documents of one instant; undefined when no daemon runs. */
  export(): Promise<Readable | undefined>;
  /** systemd is to run it, by what its unit says. */
  readonly isEnabled?: () => Promise<boolean>;
}

export interface DoctorParts {
  readonly configFile: string;
  readonly config: Config;
  /** Those that can be used. */
  readonly products: Products;
  readonly broken?: readonly BrokenPart[];
  readonly clock: Clock;
  readonly daemon: DaemonSide;
}
