/** Watches the memory of a whole process. The limits of V8 are not sufficient, because they do not include buffers. */
import { readFile } from 'node:fs/promises';

const LOOK_MS = 200;
const KIB_PER_MIB = 1024;

/**
 * Calls `kill` once, with the reason, when the process uses more than `mostMb`. Returns a function that ends the watch.
 */
export function watchMemory(
  pid: number | undefined,
  mostMb: number,
  kill: (reason: string) => void,
): () => void {
  const look = async (): Promise<void> => {
    const mb = await residentMb(pid);
    if (mb === undefined || mb <= mostMb) return;
    clearInterval(timer);
    kill(`the module used more than ${mostMb} MiB of memory (modules.job_memory_mb)`);
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Resident memory of the process in MiB. Undefined if it cannot be read, because the process has ended or the system
 * has no /proc.
 */
async function residentMb(pid: number | undefined): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid ?? 0}/status`, 'utf8').catch(() => '');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1];
  return kib === undefined ? undefined : Number(kib) / KIB_PER_MIB;
}
