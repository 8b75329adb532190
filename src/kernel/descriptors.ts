/** Recognises the agent's own lack of file descriptors, which must not be mistaken for a failure of a remote system. */

/** `EMFILE`: this process has reached its limit; `ENFILE`: the machine has. */
const CODES: readonly unknown[] = ['EMFILE', 'ENFILE'];
/**
 * Maximum number of nested causes that are checked. Errors are wrapped only a few times, and a faulty error that is its
 * own cause would otherwise be followed forever.
 */
const DEEPEST = 8;

/** Whether the error, or one of its causes, is a lack of descriptors. In that case nothing was opened or sent. */
export function isOutOfDescriptors(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > DEEPEST) return false;
  if ('code' in error && CODES.includes(error.code)) return true;
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return [error.cause, ...inner].some((one) => isOutOfDescriptors(one, depth + 1));
}
