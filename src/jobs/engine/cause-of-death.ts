/** Explains to operators why a process with module code ended. */
import { cleaned } from '../../kernel/text.js';

export interface Death {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why the daemon ended the process; undefined if the daemon did not end it. */
  readonly reason: string | undefined;
  readonly stderr: string;
  readonly heapMb: number;
}

const SHOWN = 400;
const HEAP =
  /heap out of memory|Reached heap limit|invalid table size|invalid array length Allocation failed/i;
/** Finds the error message in V8's report, which has other text before and after it. */
const THROWN = /^(?:Uncaught )?\w*(?:Error|Exception)\b.*$/m;

/** Undefined if the process ended normally. In that case only the caller knows whether the attempt had a result. */
export function causeOfDeath({ code, signal, reason, stderr, heapMb }: Death): Error | undefined {
  if (reason !== undefined) return new Error(reason);
  if (code === 0) return undefined;
  if (HEAP.test(stderr))
    return new Error(`the module needed more than ${heapMb} MiB of heap (modules.job_heap_mb)`);
  if (signal !== null) return new Error(`the process of the module was ended by ${signal}`);
  const said = cleaned(THROWN.exec(stderr)?.[0] ?? stderr, SHOWN);
  return new Error(
    `the process of the module ended with code ${code ?? '?'}${said === '' ? '' : `: ${said}`}`,
  );
}
