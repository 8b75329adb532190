/** Explains to operators why a process with module code ended. */
import { cleaned } from '../../kernel/text.js';

export interface Death {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why the daemon ended it, if it did. */
  readonly reason: string | undefined;
  readonly stderr: string;
  readonly heapMb: number;
}

const SHOWN = 400;
const HEAP =
  /heap out of memory|Reached heap limit|invalid table size|invalid array length Allocation failed/i;
/** The error is in the middle of V8's report. */
const THROWN = /^(?:Uncaught )?\w*(?:Error|Exception)\b.*$/m;

/** Undefined for a normal end; the caller knows whether the attempt had a result. */
export function causeOfDeath({ code, signal, reason, stderr, heapMb }: Death): Error | undefined {
  if (reason !== undefined) return new Error(reason);
  if (code === 0) return undefined;
  if (HEAP.test(stderr))
    return new Error(`the heap of the module is full: it may have ${heapMb} MiB (modules.job_heap_mb)`);
  if (signal !== null) return new Error(`the process of the module was ended by ${signal}`);
  const said = cleaned(THROWN.exec(stderr)?.[0] ?? stderr, SHOWN);
  return new Error(
    `the process of the module ended with code ${code ?? '?'}${said === '' ? '' : `: ${said}`}`,
  );
}
