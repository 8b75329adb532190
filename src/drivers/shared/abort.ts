/** Converts the abort of a signal to an AgentError. */
import { AgentError, type ErrorCode } from '../../kernel/errors.js';

/**
 * Returns the AgentError for an aborted signal. If the reason of the signal is an AgentError, returns the reason.
 * Otherwise returns an error with the code `timeout` if a deadline has passed, or `aborted`.
 */
export function abortError(signal: AbortSignal, timeout: ErrorCode, doing: string): AgentError {
  const reason: unknown = signal.reason;
  if (reason instanceof AgentError) return reason;
  const late = reason instanceof Error && reason.name === 'TimeoutError';
  return late
    ? new AgentError(timeout, 'The operation took too long.', {
        cause: reason,
        detail: `the time limit passed while ${doing}`,
      })
    : new AgentError('aborted', 'The operation was stopped before it ended.', {
        cause: reason,
        detail: `stopped while ${doing}`,
      });
}

export function throwIfAborted(signal: AbortSignal, timeout: ErrorCode, doing: string): void {
  if (signal.aborted) throw abortError(signal, timeout, doing);
}
