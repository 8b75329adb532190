/** Calls systemd/innkeeper-proxy on the proxy host over a persistent SSH connection. */
import type { ProxySsh } from '../../ssh-config.js';
import { anySignal } from '../../../../kernel/async/any-signal.js';
import { AgentError } from '../../../../kernel/errors.js';
import type { RawEnd } from '../../../exec/run-script.js';
import { SshLink } from '../../../exec/ssh/ssh-link.js';
import { isNotRun, refusesUs, unreachable } from '../commands.js';
import { refused } from '../record.js';

/**
 * The exit codes of innkeeper-proxy with a specific meaning. All others mean that it could not execute the command.
 */
const CODE = { done: 0, complaint: 10, refused: 11 } as const;
const DEADLINE_MS = 60_000;
const MAX_ANSWER_BYTES = 33_554_432;

export interface Answer {
  readonly stdout: string;
  /** The error message of nginx about the records. */
  readonly complaint: string | undefined;
}

export class RemoteCommands {
  readonly #link: SshLink;

  constructor({ host, port, ...config }: ProxySsh) {
    this.#link = new SshLink({ host, port }, { ...config, hosts: {} });
  }

  /**
   * Calls a command. Throws `proxy_failed` if the sent data is refused, `proxy_refused` if the agent is refused,
   * otherwise `proxy_unreachable` or `aborted`.
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

/** Converts the errors of the SSH connection, whose codes and messages are about container hosts. */
function asProxyError(error: unknown): AgentError {
  if (error instanceof AgentError && error.code === 'aborted') return error;
  const detail = error instanceof AgentError ? (error.detail ?? error.message) : String(error);
  const isRefusal = error instanceof AgentError && error.failure === 'refused_us';
  return isRefusal ? refusesUs(detail, error) : unreachable(detail, error);
}
