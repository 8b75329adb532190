/** What the operations on jobs work with. */
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
  /** As the job engine has them. */
  readonly kinds: EngineKinds;
  readonly records: SubjectRecords<Service>;
  readonly log: Pick<BaseLogger, 'warn'>;
  /** What is asked for what a job has left behind. */
  readonly drivers: Pick<Drivers, 'dns' | 'guest' | 'proxy'>;
}
