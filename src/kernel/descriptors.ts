/** Our own lack of file descriptors, which must not be taken for the failure of whatever was asked. */

/** `EMFILE`: this process has as many as it may; `ENFILE`: the machine has. */
const CODES: readonly unknown[] = ['EMFILE', 'ENFILE'];
/** Errors are wrapped a few times on their way, and a careless one may be its own cause. */
const DEEPEST = 8;

/** Whether the error, or what caused it, is that no descriptor was left. Nothing was opened then, and nothing sent. */
export function isOutOfDescriptors(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > DEEPEST) return false;
  if ('code' in error && CODES.includes(error.code)) return true;
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return [error.cause, ...inner].some((one) => isOutOfDescriptors(one, depth + 1));
}
