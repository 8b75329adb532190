/** The context that the engine passes to the implementation of a step's call on the main thread. */
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
  /** Aborts at the deadline, when the agent stops, or when another step fails. */
  readonly signal: AbortSignal;
  /** Called with true before a wait for a lease, and with false after the wait. */
  readonly onWait: (waiting: boolean) => void;
}
