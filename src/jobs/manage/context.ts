/** Dependencies of the operations on jobs. */
import type { BaseLogger } from 'pino';
import type { Clock } from '../../kernel/clock.js';
import type { EngineKinds } from '../../model/job-kinds.js';
import type { Config } from '../../config/config.js';
import type { Drivers } from '../../drivers/table.js';
import type { Service } from '../../model/service.js';
import type { SubjectRecords } from '../engine/subject.js';
import type { State } from '../../state/contract.js';

export interface JobContext {
  readonly config: Pick<Config, 'agent'>;
  readonly state: Pick<State, 'services' | 'archive'>;
  readonly clock: Clock;
  /** Returns the properties of a kind of job. The job engine uses the same function. */
  readonly kinds: EngineKinds;
  readonly records: SubjectRecords<Service>;
  readonly log: Pick<BaseLogger, 'warn'>;
  /** The drivers that look up the leftovers of a job. */
  readonly drivers: Pick<Drivers, 'dns' | 'guest' | 'proxy'>;
}
