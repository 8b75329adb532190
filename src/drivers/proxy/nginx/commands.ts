/** Runs the two configured commands, which test the whole configuration and reload nginx. */
import { AgentError } from '../../../kernel/errors.js';
import { throwIfAborted } from '../../shared/abort.js';
import { type ChildEnd, runChild } from '../../shared/child.js';
import { withLimit } from '../../../kernel/async/with-limit.js';

const DEADLINE_MS = 30_000;
const KEPT_OUTPUT_BYTES = 8_192;

/**
 * Returns undefined if nginx accepts the configuration on disk, otherwise the error message of nginx. Throws
 * `proxy_unreachable` if nginx could not be run.
 */
export async function testConfiguration(
  argv: readonly string[],
  stop: AbortSignal,
): Promise<string | undefined> {
  const end = await run(argv, 'test', stop);
  if (end.code === 0) return undefined;
  const text = `${end.stderr}${end.stdout}`.trim();
  // Only an exit code of nginx itself shows whether nginx accepts the configuration. Codes of 126 and above come from
  // the program that should have started nginx.
  if (isNotRun(end.code)) throw refusesUs(`the test command ended with ${howItEnded(end)}: ${text}`);
  if (end.code === null || end.code >= 126)
    throw unreachable(`the test command ended with ${howItEnded(end)}: ${text}`);
  return text === '' ? `exit code ${end.code}` : text;
}

/**
 * Reloads nginx. Throws `proxy_unreachable` on failure: nginx has tested the configuration before, so a reload fails
 * only if nginx is not running.
 */
export async function reload(argv: readonly string[], stop: AbortSignal): Promise<void> {
  const end = await run(argv, 'reload', stop);
  if (end.code === 0) return;
  if (isNotRun(end.code))
    throw refusesUs(
      `the reload command ended with ${howItEnded(end)}: ${end.stderr.trim() || end.stdout.trim()}`,
    );
  throw unreachable(
    `the reload command ended with ${howItEnded(end)}: ${end.stderr.trim() || end.stdout.trim()}`,
  );
}

async function run(argv: readonly string[], what: string, stop: AbortSignal): Promise<ChildEnd> {
  try {
    return await withLimit(stop, DEADLINE_MS, async (limit) => {
      throwIfAborted(stop, 'proxy_unreachable', `waiting for the ${what} command`);
      const end = await runChild(argv, { maxOutputBytes: KEPT_OUTPUT_BYTES }, limit);
      throwIfAborted(stop, 'proxy_unreachable', `waiting for the ${what} command`);
      if (limit.aborted) throw unreachable(`the ${what} command did not end within ${DEADLINE_MS / 1000} s`);
      return end;
    });
  } catch (error) {
    if (error instanceof AgentError) throw error;
    const how = `the ${what} command could not be started: ${String(error)}`;
    throw isAbsent(error) ? refusesUs(how, error) : unreachable(how, error);
  }
}

function howItEnded(end: ChildEnd): string {
  return end.code === null ? `signal ${end.signal ?? '?'}` : `exit code ${end.code}`;
}

/** The exit codes with which a shell or a forced command reports that it did not start the command at all. */
export function isNotRun(code: number | null): boolean {
  return code === 126 || code === 127;
}

/**
 * The program does not exist, or the daemon has no permission to run it. A retry does not help until an operator has
 * fixed this.
 */
function isAbsent(error: unknown): boolean {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'EACCES' || code === 'EPERM';
}

/** The error if the proxy can be reached, but rejects every request of the agent. */
export function refusesUs(detail: string, cause?: unknown): AgentError {
  return new AgentError('proxy_refused', 'The reverse proxy refuses the agent.', {
    role: 'reverse proxy',
    detail,
    cause,
    system: 'proxy',
  });
}

export function unreachable(detail: string, cause?: unknown): AgentError {
  return new AgentError('proxy_unreachable', 'The reverse proxy cannot be changed right now.', {
    role: 'reverse proxy',
    detail,
    cause,
    system: 'proxy',
  });
}
