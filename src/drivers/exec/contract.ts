/**
 * The contract for running a script in a container: `/bin/sh -s` with everything on standard input, so that the only
 * variable part of the command line is a validated number. Throws AgentError `container_host_unreachable`,
 * `container_host_timeout`, `container_host_failed`, `aborted`.
 */
import type { Secret } from '../../kernel/secret.js';
import type { DriverCall } from '../shared/call.js';
import type { Circuits } from '../shared/circuit.js';
import type { DriverLog } from '../shared/log.js';

export interface Script {
  /** Name in logs and for the sandbox's memory containers, e.g. `wordpress/install`. Letters, digits, `/`, `-`. */
  readonly name: string;
  /** POSIX shell code. Runs with `set -eu`. Its values are shell variables that are set before it. */
  readonly body: string;
  /** Variable name (`[A-Z][A-Z0-9_]*`) -> value; written as quoted assignments on standard input. */
  readonly values: Readonly<Record<string, string | Secret>>;
}

export interface ExecResult {
  readonly exitCode: number;
  /** Limited in length; `truncated` is true if it was cut. */
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
}

/** What a driver gets in addition to its configuration. */
export interface ExecDeps {
  readonly log: DriverLog;
  /** Absent: every call is allowed. */
  readonly circuits?: Circuits;
}

export interface ExecDriver {
  /** Runs the script as root in the container on that node. A non-zero exit is a result, not an error. */
  run(
    at: { readonly node: string; readonly vmid: number },
    script: Script,
    call: DriverCall,
  ): Promise<ExecResult>;
  close(): Promise<void>;
}
