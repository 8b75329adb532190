/** Calls systemd/innkeeper-proxy on the proxy host over a persistent SSH connection. */
import type { ProxySsh } from '../../ssh-config.js';
import { anySignal } from '../../../../kernel/async/any-signal.js';
import { AgentError } from '../../../../kernel/errors.js';
import type { RawEnd } from '../../../exec/run-script.js';
import { SshLink } from '../../../exec/ssh/ssh-link.js';
import { isNotRun, refusesUs, unreachable } from '../commands.js';
import { refused } from '../record.js';

/**
 * The exit codes of innkeeper-proxy that have a specific meaning. Any other exit code means that innkeeper-proxy could
 * not execute the command.
 */
const CODE = { done: 0, complaint: 10, refused: 11 } as const;
const DEADLINE_MS = 60_000;
const MAX_ANSWER_BYTES = 33_554_432;

export interface Answer {
  readonly stdout: string;
  /** nginx's error message if it rejects the records. */
  readonly complaint: string | undefined;
}

export class RemoteCommands {
  readonly #link: SshLink;

  constructor({ host, port, ...config }: ProxySsh) {
    this.#link = new SshLink({ host, port }, { ...config, hosts: {} });
  }

  /**
   * Calls a command. Throws `proxy_failed` if the proxy host rejects the data that was sent, `proxy_refused` if the
   * proxy host rejects the agent itself, and `proxy_unreachable` or `aborted` in all other cases.
   */
  async call(command: string, stdin = '', stop?: AbortSignal): Promise<Answer> {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const { signal, release } = anySignal(deadline, ...(stop ? [stop] : []));
    const end = await this.#run(`innkeeper-proxy ${command}`, stdin, signal).finally(release);
    const said = end.stderr.trim();
    if (end.broken) throw asProxyError(end.broken);
    if (signal.aborted && end.code === null) throw asProxyError(signal.reason);
    if (end.truncated) throw unreachable(`the answer to ${command} is too long`);
    if (end.code === CODE.refused) throw refused(`${command}: ${said}`);
    if (isNotRun(end.code)) throw refusesUs(`${command} ended with ${end.code ?? ''}: ${said}`);
    if (end.code !== CODE.done && end.code !== CODE.complaint)
      throw unreachable(`${command} ended with ${end.code ?? 'a signal'}: ${said}`);
    return { stdout: end.stdout, complaint: end.code === CODE.complaint ? said : undefined };
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  async #run(command: string, stdin: string, signal: AbortSignal): Promise<RawEnd> {
    try {
      return await this.#link.run(
        command,
        { stdin, maxOutputBytes: MAX_ANSWER_BYTES, onStdout: () => {} },
        signal,
      );
    } catch (error) {
      throw asProxyError(error);
    }
  }
}

/**
 * Converts the errors of the SSH connection, because their codes and messages describe a container host and not a
 * proxy host.
 */
function asProxyError(error: unknown): AgentError {
  if (error instanceof AgentError && error.code === 'aborted') return error;
  const detail = error instanceof AgentError ? (error.detail ?? error.message) : String(error);
  const isRefusal = error instanceof AgentError && error.failure === 'refused_us';
  return isRefusal ? refusesUs(detail, error) : unreachable(detail, error);
}
