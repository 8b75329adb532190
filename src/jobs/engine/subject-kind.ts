import type { HostCallName } from '../../modules/kit/host-calls.js';
import type { CallContext } from './call-context.js';
import type { Attempt } from './protocol.js';
import type { Subject, SubjectRecords } from './subject.js';

/**
 * Everything that the engine needs from a kind of subject. The interface uses method syntax, because each kind handles
 * only its own type of subject.
 */
export interface SubjectKind<S extends Subject = Subject> extends SubjectRecords<S> {
  /** The name of the kind, for example `service`. The name keeps the lanes of different kinds apart. */
  readonly name: string;
  /** Keys of the subjects with an open job. */
  unfinished(): Iterable<string>;
  /** The listener is called after every durable change. Returns a function that removes the listener. */
  onChange(listener: (key: string, next: S) => void): () => void;
  /** Fields that name the subject in every log line about its jobs. */
  logFields(key: string): Readonly<Record<string, string>>;
  /** The view of the subject that the steps of its jobs get. */
  view(subject: S): Attempt['subject'];
  /** Performs a step's call. Throws `module_failed` for an unknown call. */
  call(context: CallContext<S>, name: HostCallName, args: readonly unknown[]): Promise<unknown>;
}

/** Identifies a subject of any kind. */
export interface SubjectRef {
  readonly kind: SubjectKind;
  readonly key: string;
}
