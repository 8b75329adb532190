/** Measures how long a part of the module's code takes. */
import type { HostFunctions } from './host-calls.js';

/** Runs `work`, and counts its duration and whether it threw. A failure to count is not a failure of the work. */
export async function measure<T>(
  metrics: HostFunctions['metrics'],
  name: string,
  work: () => Promise<T> | T,
): Promise<T> {
  const began = performance.now();
  let failed = true;
  try {
    const result = await work();
    failed = false;
    return result;
  } finally {
    const observed = metrics.observe(name, (performance.now() - began) / 1000, failed);
    // an invalid name must be noticed, but it must not replace the error of the work
    await (failed ? observed.catch(() => undefined) : observed);
  }
}
