/**
 * The code that all exec drivers share: it writes the standard input, finds the end marker, limits the output, and
 * ends the script if the caller stops.
 */
import { randomBytes } from 'node:crypto';
import { AgentError } from '../../kernel/errors.js';
import { within } from '../../kernel/async/within.js';
import { throwIfAborted } from '../shared/abort.js';
import type { DriverLog } from '../shared/log.js';
import type { ExecDriver, Script } from './contract.js';
import { beginPid, encodeScript, splitEnd } from './script.js';

export interface RawEnd {
  /** Exit code of pct; null if it is unknown. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
  /**
   * The error that ended the connection early. If the output contains the end marker, the script has finished, and
   * this error is ignored.
   */
  readonly broken?: AgentError;
}

export interface RawOptions {
  readonly stdin: string;
  readonly maxOutputBytes: number;
  readonly onStdout: (chunk: Buffer) => void;
  /** Called once when the signal aborts, before the process or channel that runs the script is ended. */
  readonly beforeKill?: () => Promise<void>;
}

/**
 * Runs `pct exec <vmid> --keep-env 0 -- /bin/sh -s` on a node. Throws AgentError if the command could not be started,
 * or if it is unknown how the command ended. After an abort, resolves with the known result as soon as no process of
 * the command runs on the daemon's side any more.
 */
export type Transport = (
  at: { readonly node: string; readonly vmid: number },
  options: RawOptions,
  signal: AbortSignal,
) => Promise<RawEnd>;

export const PCT_ARGUMENTS = (vmid: number): string[] => [
  'exec',
  String(vmid),
  '--keep-env',
  '0',
  '--',
  '/bin/sh',
  '-s',
];

/** The amount of output that is kept in addition to the limit, so that the markers fit. */
const MARKER_BYTES = 256;
const BEGIN_MS = 1_000;
const STOP_DEADLINE_MS = 10_000;
const DETAIL_CHARACTERS = 2_000;

/**
 * Ends the shell of a script and its children in the container, because these processes continue to run after pct has
 * ended. To make this possible, the shell prints its process ID at the beginning of the script. A second script then
 * freezes the whole process tree and kills it, so that no process can fork in between. Processes that were
 * deliberately detached to init continue.
 */
const STOP_BODY = `tree() {
  echo "$1"
  for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do tree "$child"; done
}
case "$(tr '\\0' ' ' 2>/dev/null </proc/"$SHELL_PID"/cmdline)" in
  '/bin/sh -s '*) ;;
  *) exit 0 ;;
esac
for _ in 1 2 3; do kill -STOP $(tree "$SHELL_PID") 2>/dev/null || :; done
kill -KILL $(tree "$SHELL_PID") 2>/dev/null || :`;

export function scriptRunner(
  transport: Transport,
  maxOutputBytes: number,
  log: DriverLog,
): ExecDriver['run'] {
  const stop = async (at: { node: string; vmid: number }, pid: number): Promise<void> => {
    const script: Script = {
      name: 'innkeeper/stop-script',
      body: STOP_BODY,
      values: { SHELL_PID: String(pid) },
    };
    const stdin = encodeScript(script, newNonce());
    const options = { stdin, maxOutputBytes: 4096, onStdout: () => {} };
    try {
      const { broken } = await transport(at, options, AbortSignal.timeout(STOP_DEADLINE_MS));
      if (broken) throw broken;
    } catch (error) {
      log.warn(
        { err: error, node: at.node, vmid: at.vmid },
        'a stopped script may still run in its container',
      );
    }
  };

  return async (at, script, call) => {
    if (!Number.isSafeInteger(at.vmid) || at.vmid < 100) throw failed(`not a VMID: ${at.vmid}`);
    const doing = `running ${script.name} in ${at.vmid} on ${at.node}`;
    throwIfAborted(call.signal, 'container_host_timeout', doing);
    const nonce = newNonce();
    let head = '';
    let sayBegun = (): void => {};
    const begun = new Promise<void>((resolve) => (sayBegun = resolve));
    const options: RawOptions = {
      stdin: encoded(script, nonce),
      maxOutputBytes: maxOutputBytes + MARKER_BYTES,
      onStdout: (chunk) => {
        if (head.length < MARKER_BYTES) head += chunk.toString('latin1');
        if (head.includes('\n')) sayBegun();
      },
      beforeKill: async () => {
        await within(begun, BEGIN_MS); // the process ID that the shell prints may not have arrived yet
        const pid = beginPid(head, nonce);
        if (pid !== undefined) await stop(at, pid);
      },
    };
    const end = await transport(at, options, call.signal);
    const { stdout, exitCode } = splitEnd(end.stdout, nonce);
    if (exitCode !== undefined) return { exitCode, stdout, stderr: end.stderr, truncated: end.truncated };
    throwIfAborted(call.signal, 'container_host_timeout', doing);
    if (end.broken) throw end.broken;
    const said = end.stderr.trim() || stdout.trim();
    if (end.code !== null && NOT_RUN.includes(end.code) && beginPid(head, nonce) === undefined)
      throw notRun(at, `${doing}: exit code ${end.code}: ${said}`);
    throw cutShort(`${doing}: it did not finish, pct exit code ${end.code ?? 'unknown'}`, said);
  };
}

function newNonce(): string {
  return randomBytes(16).toString('hex');
}

function encoded(script: Script, nonce: string): string {
  try {
    return encodeScript(script, nonce);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new AgentError('recipe_failed', 'The script cannot be run in the container.', {
      cause: error,
      detail,
    });
  }
}

/** pct's messages if another operation has locked the container or its configuration. This condition is temporary. */
const HELD = /is locked|can't lock file|got lock (?:request )?timeout|trying to acquire/i;

/**
 * The exit codes of a shell that cannot start a command, and of the agent's forced command if it rejects a command. In
 * both cases, pct has not run.
 */
const NOT_RUN = [126, 127];

/**
 * The error for a problem because of which no script can run in any container of the node until an operator fixes it.
 */
function notRun(at: { readonly node: string }, detail: string): AgentError {
  return new AgentError('container_host_refused', 'The container host refuses to run commands.', {
    role: 'container host',
    system: `exec:${at.node}`,
    detail: detail.slice(0, DETAIL_CHARACTERS),
  });
}

/**
 * The error if the script may have run partially. If there is no message, pct was killed or its output was lost. This
 * is a temporary problem, in the same way as a lock.
 */
function cutShort(how: string, said: string): AgentError {
  const detail = `${how}: ${said.slice(-DETAIL_CHARACTERS)}`;
  if (HELD.test(said))
    return new AgentError('container_host_busy', 'The container is locked by another operation.', {
      role: 'container host',
      detail,
    });
  if (said === '')
    return new AgentError(
      'container_host_timeout',
      'The container host did not report the result of the script.',
      {
        role: 'container host',
        detail,
      },
    );
  return failed(detail);
}

function failed(detail: string): AgentError {
  return new AgentError('container_host_failed', 'The container host reported a failure.', {
    role: 'container host',
    detail,
  });
}
