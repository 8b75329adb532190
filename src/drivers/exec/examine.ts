/**
 * Tries the way into containers without touching one: pct is asked about a number that no container has, and the SSH
 * key for a command it must not run.
 */
import { randomBytes } from 'node:crypto';
import ssh2 from 'ssh2';
import type { SshConfig, SshExecSettings } from './ssh/config.js';
import { AgentError } from '../../kernel/errors.js';
import { runChild } from '../shared/child.js';
import { PCT_ARGUMENTS, type RawEnd } from './run-script.js';
import { SshLink } from './ssh/ssh-link.js';

export interface ExecFacts {
  /** Undefined when pct runs and knows its containers, else what it said instead. */
  readonly problem: string | undefined;
  /** `any`: the key runs whatever is asked for; `pct`: nothing but scripts in containers; `local`: there is no key. */
  readonly key: 'any' | 'pct' | 'local';
}

const OUTPUT = { stdin: '', maxOutputBytes: 4_096, onStdout: (): void => {} };
/** What pct says of a container that is not there, and what it says when it may not even look. */
const UNKNOWN_CONTAINER = /configuration file '[^']*' does not exist|CT \d+ does not exist/i;

/** `vmid`: in our range, of no container. Throws AgentError when the node cannot be reached. */
export async function examineExec(
  { exec }: { readonly exec: SshExecSettings['exec'] & { readonly driver: string } },
  at: { readonly node: string; readonly vmid: number },
  signal: AbortSignal,
): Promise<ExecFacts> {
  if (exec.driver === 'local' || !exec.ssh) {
    const end = await runChild([...exec.pct, ...PCT_ARGUMENTS(at.vmid)], OUTPUT, signal).catch(
      (error: unknown) => {
        throw new AgentError(
          'container_host_failed',
          'The container host cannot run commands in containers.',
          {
            detail: `${exec.pct.join(' ')} could not be started: ${String(error)}`,
          },
        );
      },
    );
    return { problem: problemOf(end), key: 'local' };
  }
  const link = new SshLink(exec.ssh.hosts[at.node] ?? { host: at.node, port: 22 }, exec.ssh);
  try {
    const end = await link.run([...exec.pct, ...PCT_ARGUMENTS(at.vmid)].join(' '), OUTPUT, signal);
    return { problem: end.broken?.detail ?? problemOf(end), key: await whatKeyRuns(link, signal) };
  } finally {
    await link.close();
  }
}

function problemOf({ code, stderr, stdout }: Pick<RawEnd, 'code' | 'stderr' | 'stdout'>): string | undefined {
  if (code !== 0 && UNKNOWN_CONTAINER.test(stderr)) return undefined;
  const said = (stderr.trim() || stdout.trim()).slice(-300);
  return `pct ended with ${code ?? 'a signal'}${said === '' ? '' : `: ${said}`}`;
}

async function whatKeyRuns(link: SshLink, signal: AbortSignal): Promise<'any' | 'pct'> {
  const word = `innkeeper-doctor-${randomBytes(8).toString('hex')}`;
  try {
    const { stdout } = await link.run(`echo ${word}`, OUTPUT, signal);
    return stdout.includes(word) ? 'any' : 'pct';
  } catch (error) {
    // some servers refuse the channel for it
    if (error instanceof AgentError && /Unable to exec/.test(error.detail ?? '')) return 'pct';
    throw error;
  }
}

/** `ssh-ed25519 AAAA...`, as it stands in authorized_keys; undefined when the key cannot be read. */
export function publicKeyOf({ private_key: key }: SshConfig): string | undefined {
  const parsed = ssh2.utils.parseKey(key.reveal());
  return parsed instanceof Error ? undefined : `${parsed.type} ${parsed.getPublicSSH().toString('base64')}`;
}
