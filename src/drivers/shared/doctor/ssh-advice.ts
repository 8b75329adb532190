/** Finds the commands that repair the access to a host over SSH, based on the error message. */
import { word } from './check.js';

export interface SshHost {
  readonly user: string;
  readonly host: string;
  readonly port: number;
  readonly knownHosts: string;
  /** The name of the host in messages: a node, or "the proxy host". */
  readonly name: string;
  /** The command that adds the agent's key, with the forced command, to authorized_keys on that host. */
  readonly authorize: string;
}

export function sshFixes(said: string, { user, host, port, knownHosts, authorize, name }: SshHost): string[] {
  if (/host key/.test(said))
    return [
      `ssh-keyscan -p ${port} ${word(host)} >> ${word(knownHosts)}`,
      `# after comparing it with: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub (on ${name})`,
    ];
  if (/refused: |forced command|--upstreams/.test(said)) return [authorize];
  return [`ssh -p ${port} ${word(`${user}@${host}`)} true`];
}

/**
 * Returns a command to run on that host. The command replaces the line in authorized_keys that has the same key by
 * `line`.
 */
export function authorizeCommand(line: string, name: string): string {
  const file = '~/.ssh/authorized_keys';
  const blob = / (AAAA[A-Za-z0-9+/=]+)/.exec(line)?.[1];
  const append = `echo '${line}' >> ${file}   # on ${name}`;
  return blob === undefined ? append : `sed -i '\\|${blob}|d' ${file}; ${append}`;
}
