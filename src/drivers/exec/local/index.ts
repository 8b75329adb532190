/** The exec driver `local` runs pct as a child process of the daemon, which must run on the node of the container. */
import { anySignal } from '../../../kernel/async/any-signal.js';
import { AgentError } from '../../../kernel/errors.js';
import { runChild } from '../../shared/child.js';
import type { ExecDeps, ExecDriver } from '../contract.js';
import type { LocalExecSettings } from './config.js';
import { PCT_ARGUMENTS, scriptRunner, type Transport } from '../run-script.js';

export const driver = ({ exec }: LocalExecSettings, deps: ExecDeps): ExecDriver =>
  localExecDriver(exec.pct, exec.max_output_bytes, deps);

/** @param pct argv prefix, e.g. `['/usr/sbin/pct']` */
export function localExecDriver(
  pct: readonly string[],
  maxOutputBytes: number,
  deps: Pick<ExecDeps, 'log'>,
): ExecDriver {
  const ending = new AbortController();
  const transport: Transport = async ({ node, vmid }, options, signal) => {
    const stop = anySignal(signal, ending.signal);
    try {
      return await runChild([...pct, ...PCT_ARGUMENTS(vmid)], options, stop.signal);
    } catch (error) {
      throw notStarted(pct, node, error);
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

/**
 * The error if pct could not be started. If processes, memory or file descriptors ran out, the problem is temporary.
 * If the program is missing, it is not.
 */
const PASSING = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'ETXTBSY'];

function notStarted(pct: readonly string[], node: string, error: unknown): AgentError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const options = {
    role: 'container host',
    cause: error,
    detail: `${pct.join(' ')} could not be started: ${String(error)}`,
  } as const;
  return PASSING.includes(code)
    ? new AgentError(
        'container_host_busy',
        'The container host cannot run another command at the moment.',
        options,
      )
    : new AgentError('container_host_refused', 'The container host cannot run commands in containers.', {
        ...options,
        system: `exec:${node}`,
      });
}
