/** What the engine hands to whoever carries out one call of one step, on the main thread. */
import type { Logger } from 'pino';
import type { HostCallName } from '../../modules/kit/host-calls.js';
import type { Journal } from './journal.js';
import type { Leases } from './leases.js';
import type { Subject } from './subject.js';

export interface CallContext<S extends Subject> {
  readonly journal: Journal<S>;
  readonly leases: Leases;
  readonly log: Logger;
  readonly name: HostCallName;
  readonly step: string;
  /** The deadline, the stop and a failure elsewhere in one. */
  readonly signal: AbortSignal;
  /** Brackets waiting for a lease. */
  readonly onWait: (waiting: boolean) => void;
}
