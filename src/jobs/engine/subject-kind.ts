/** What the engine has to know of each kind of subjects. */
import type { HostCallName } from '../../modules/kit/host-calls.js';
import type { CallContext } from './call-context.js';
import type { Attempt } from './protocol.js';
import type { Subject, SubjectRecords } from './subject.js';

/**
 * Everything that the engine has to know of a kind of subjects. Method syntax throughout: a kind stands for subjects
 * of its own type only.
 */
export interface SubjectKind<S extends Subject = Subject> extends SubjectRecords<S> {
  /** e.g. `service`; lanes of different kinds never meet. */
  readonly name: string;
  /** Keys of those with an open job. */
  unfinished(): Iterable<string>;
  /** Called after every durable change. Returns the way to stop listening. */
  onChange(listener: (key: string, next: S) => void): () => void;
  /** What stands in each line of the log about its jobs. */
  logFields(subject: S): Readonly<Record<string, string>>;
  /** What the steps of its jobs see of it. */
  view(subject: S): Attempt['subject'];
  /** Carries out a step's call. Throws `module_failed` for one that there is not. */
  call(context: CallContext<S>, name: HostCallName, args: readonly unknown[]): Promise<unknown>;
}

/** One subject among all kinds. */
export interface SubjectRef {
  readonly kind: SubjectKind;
  readonly key: string;
}
