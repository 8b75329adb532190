import type { ServiceView } from '../../modules/kit/context.js';
import type { HostCallName } from '../../modules/kit/host-calls.js';
import type { CallContext } from './call-context.js';
import type { Subject, SubjectRecords } from './subject.js';
import type { Threads } from './threads.js';

/**
 * Everything that the engine needs to know about one kind of subject. The interface uses method syntax, so that
 * TypeScript accepts a kind whose methods handle only its own type of subject.
 */
export interface SubjectKind<S extends Subject = Subject> extends SubjectRecords<S> {
  /**
   * The name of the kind, for example `service`. The name distinguishes the lanes of this kind from the lanes of other
   * kinds.
   */
  readonly name: string;
  /**
   * True if jobs of other kinds begin before the jobs of this kind, whichever were created first. Orders must not wait
   * behind the work of modules.
   */
  readonly isBackground?: true;
  /** Replaces the threads or processes of the engine, for a kind that runs many short jobs. */
  readonly threadsFrom?: (pool: Threads) => Threads;
  /** Keys of the subjects with an open job. */
  unfinished(): Iterable<string>;
  /** The listener is called after every durable change. Returns a function that removes the listener. */
  onChange(listener: (key: string, next: S) => void): () => void;
  /** Fields that name the subject in every log line about its jobs. */
  logFields(key: string): Readonly<Record<string, string>>;
  /** The data about the subject that the steps of its jobs can read. */
  view(subject: S): ServiceView | null;
  /** Performs a step's call. Throws `module_failed` for an unknown call. */
  call(context: CallContext<S>, name: HostCallName, args: readonly unknown[]): Promise<unknown>;
}

/** Identifies a subject of any kind. */
export interface SubjectRef {
  readonly kind: SubjectKind;
  readonly key: string;
}
