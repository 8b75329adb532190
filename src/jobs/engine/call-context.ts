/** What the engine passes to the implementation of a step's call, on the main thread. */
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
  /** Combines the deadline, the stop and a failure of another step. */
  readonly signal: AbortSignal;
  /** Called with true before and false after waiting for a lease. */
  readonly onWait: (waiting: boolean) => void;
}
