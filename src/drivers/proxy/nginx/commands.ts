/** The two commands the operator configured: test the whole configuration, and reload nginx. */
import { AgentError } from '../../../kernel/errors.js';
import { throwIfAborted } from '../../shared/abort.js';
import { type ChildEnd, runChild } from '../../shared/child.js';
import { withLimit } from '../../../kernel/async/with-limit.js';

const DEADLINE_MS = 30_000;
const KEPT_OUTPUT_BYTES = 8_192;

/**
 * Undefined when nginx accepts what is on disk, else its complaint. Throws `proxy_unreachable` when it could not be
 * asked.
 */
export async function testConfiguration(
  argv: readonly string[],
  stop: AbortSignal,
): Promise<string | undefined> {
  const end = await run(argv, 'test', stop);
  if (end.code === 0) return undefined;
  const text = `${end.stderr}${end.stdout}`.trim();
  // Only an exit code of nginx's own kind is a verdict; 126, 127 and above come from what should have started it.
  if (isNotRun(end.code)) throw refusesUs(`the test command ended with ${howItEnded(end)}: ${text}`);
  if (end.code === null || end.code >= 126)
    throw unreachable(`the test command ended with ${howItEnded(end)}: ${text}`);
  return text === '' ? `exit code ${end.code}` : text;
}

/** Throws `proxy_unreachable`: a tested configuration that cannot be loaded means that nginx is not running. */
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

/** What a shell (or the forced command) ends with that did not start the command at all. */
export function isNotRun(code: number | null): boolean {
  return code === 126 || code === 127;
}

/** The program is not there or may not be run: no try helps before somebody has put it right. */
function isAbsent(error: unknown): boolean {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'EACCES' || code === 'EPERM';
}

/** The proxy is there, but lets the agent do nothing. */
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
