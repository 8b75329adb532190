/**
 * Ends this process when the reader of its output closes the pipe (`npm run bench | head`), or on Ctrl-C. What it has
 * started ends with it, see `endWithBench` in `processes.ts`.
 */
export function endWithReader(): void {
  process.stdout.on('error', () => process.exit(1));
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    process.once(signal, () => process.exit(code));
}
