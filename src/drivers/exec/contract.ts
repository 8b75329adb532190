/**
 * The contract for running a script in a container. The command in the container is `/bin/sh -s`, which reads the
 * script from standard input. Therefore the only variable part of the command line is the VMID, which is validated.
 * Throws AgentError `container_host_unreachable`, `container_host_timeout`, `container_host_failed`, `aborted`.
 */
import type { Secret } from '../../kernel/secret.js';
import type { DriverCall } from '../shared/call.js';
import type { Circuits } from '../shared/circuit.js';
import type { DriverLog } from '../shared/log.js';

export interface Script {
  /**
   * The name of the script, such as `wordpress/install`. It appears in logs, and the sandbox's memory containers
   * identify the script by it. Letters, digits, `/`, `-`.
   */
  readonly name: string;
  /** POSIX shell code, which runs with `set -eu`. The values are available as shell variables. */
  readonly body: string;
  /**
   * Maps variable names (`[A-Z][A-Z0-9_]*`) to values. The driver writes them as quoted assignments to standard input.
   */
  readonly values: Readonly<Record<string, string | Secret>>;
}

export interface ExecResult {
  readonly exitCode: number;
  /** The output is limited to a maximum length. `truncated` is true if the script printed more. */
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
}

/** The arguments that a driver gets in addition to its configuration. */
export interface ExecDeps {
  readonly log: DriverLog;
  /** If `circuits` is absent, every call is allowed. */
  readonly circuits?: Circuits;
}

export interface ExecDriver {
  /**
   * Runs the script as root in the container on that node. If the script ends with a non-zero exit code, the call does
   * not throw: the exit code is part of the result.
   */
  run(
    at: { readonly node: string; readonly vmid: number },
    script: Script,
    call: DriverCall,
  ): Promise<ExecResult>;
  close(): Promise<void>;
}
