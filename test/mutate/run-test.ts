/** Runs one test file of the copy by itself. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type Verdict = 'passed' | 'failed' | 'too slow';

/**
 * @param file in the build @param cwd the copy @param limitMs after this time it is ended, with all its child
 * processes
 */
export async function runTest(
  file: string,
  { cwd, limitMs, over }: { readonly cwd: string; readonly limitMs: number; readonly over: AbortSignal },
): Promise<Verdict> {
  if (over.aborted) return 'too slow';
  const child = spawn(process.execPath, [file], {
    cwd,
    stdio: 'ignore',
    // a separate process group, so that all of it can be ended
    detached: true,
    // tap's own limit is short without its runner; the limit of this file applies
    env: { ...process.env, TAP_BAIL: '1', TAP_TIMEOUT: '3600' },
  });
  const slow = new AbortController();
  const end = (): void => {
    slow.abort();
    endGroup(child.pid);
  };
  const timer = setTimeout(end, limitMs);
  over.addEventListener('abort', end, { once: true });
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(timer);
  over.removeEventListener('abort', end);
  endGroup(child.pid);
  if (slow.signal.aborted) return 'too slow';
  return code === 0 ? 'passed' : 'failed';
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // the whole group has ended
  }
}
