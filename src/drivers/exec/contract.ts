/**
 * The contract for running a script in a container. The command is `/bin/sh -s`, which reads the script from standard
 * input. The only variable part of the command line is therefore a validated number. Throws AgentError
 * `container_host_unreachable`, `container_host_timeout`, `container_host_failed`, `aborted`.
 */
import type { Secret } from '../../kernel/secret.js';
import type { DriverCall } from '../shared/call.js';
import type { Circuits } from '../shared/circuit.js';
import type { DriverLog } from '../shared/log.js';

export interface Script {
  /** Name in logs and for the sandbox's memory containers, e.g. `wordpress/install`. Letters, digits, `/`, `-`. */
  readonly name: string;
  /** POSIX shell code, which runs with `set -eu`. The values are available as shell variables. */
  readonly body: string;
  /** Maps variable names (`[A-Z][A-Z0-9_]*`) to values. They are written as quoted assignments on standard input. */
  readonly values: Readonly<Record<string, string | Secret>>;
}

export interface ExecResult {
  readonly exitCode: number;
  /** The output has a maximum length. `truncated` is true if the output was longer. */
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
}

/** What a driver gets in addition to its configuration. */
export interface ExecDeps {
  readonly log: DriverLog;
  /** If there are no circuits, every call is allowed. */
  readonly circuits?: Circuits;
}

export interface ExecDriver {
  /**
   * Runs the script as root in the container on that node. A script that ends with a non-zero exit code is a result,
   * not an error.
   */
  run(
    at: { readonly node: string; readonly vmid: number },
    script: Script,
    call: DriverCall,
  ): Promise<ExecResult>;
  close(): Promise<void>;
}
