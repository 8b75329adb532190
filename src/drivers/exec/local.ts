/** Exec `local`: the daemon runs on the container's own node, so pct is a child of ours. */
import { anySignal } from '../../domain/any-signal.js';
import { AgentError } from '../../domain/errors.js';
import { runChild } from '../child.js';
import type { DriverLog } from '../log.js';
import type { ExecDriver } from './driver.js';
import { PCT_ARGUMENTS, scriptRunner, type Transport } from './run-script.js';

/** @param pct argv prefix, e.g. `['/usr/sbin/pct']` */
export function localExecDriver(
  pct: readonly string[],
  maxOutputBytes: number,
  deps: { readonly log: DriverLog },
): ExecDriver {
  const ending = new AbortController();
  const transport: Transport = async ({ vmid }, options, signal) => {
    const stop = anySignal(signal, ending.signal);
    try {
      return await runChild([...pct, ...PCT_ARGUMENTS(vmid)], options, stop.signal);
    } catch (error) {
      throw new AgentError('container_host_failed', 'The container host cannot run commands in containers.', {
        role: 'container host',
        cause: error,
        detail: `${pct.join(' ')} could not be started: ${String(error)}`,
      });
    } finally {
      stop.release();
    }
  };
  return {
    run: scriptRunner(transport, maxOutputBytes, deps.log),
    async close() {
      ending.abort();
    },
  };
}
