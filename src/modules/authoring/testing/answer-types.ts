/** The types of the answers to calls, derived from the tables of the calls (`host-calls.ts`, `module-calls.ts`). */
import type { HostCallAnswer, HostCallArgs, HostCallName } from '../../kit/host-calls.js';

export type AnswerTable = {
  readonly [N in HostCallName]: (...args: HostCallArgs<N>) => HostCallAnswer<N> | Promise<HostCallAnswer<N>>;
};

/** Answers that a test gives itself; they may throw or reject. */
export type Answers = Partial<AnswerTable>;
