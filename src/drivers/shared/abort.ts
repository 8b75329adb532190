/** Turns the end of a signal into the error a caller expects, and waits for work without outliving its signal. */
import { AgentError, type ErrorCode } from '../../kernel/errors.js';

/** The AgentError for an aborted signal: its own reason when that is one, `timeout` when a deadline passed, else `aborted`. */
export function abortError(signal: AbortSignal, timeout: ErrorCode, doing: string): AgentError {
  const reason: unknown = signal.reason;
  if (reason instanceof AgentError) return reason;
  const late = reason instanceof Error && reason.name === 'TimeoutError';
  return late
    ? new AgentError(timeout, 'It took too long.', {
        cause: reason,
        detail: `deadline passed while ${doing}`,
      })
    : new AgentError('aborted', 'The work was stopped before it ended.', {
        cause: reason,
        detail: `stopped while ${doing}`,
      });
}

export function throwIfAborted(signal: AbortSignal, timeout: ErrorCode, doing: string): void {
  if (signal.aborted) throw abortError(signal, timeout, doing);
}

/** The value of `work` when it is there within `ms`, else `undefined`; never rejects, and leaves no timer behind. */
export async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
