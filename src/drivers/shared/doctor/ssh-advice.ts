/** How a host behind one of our SSH keys is mended, by what it said. */
import { word } from './check.js';

export interface SshHost {
  readonly user: string;
  readonly host: string;
  readonly port: number;
  readonly knownHosts: string;
  /** Where it is, for people: a node, "the proxy host". */
  readonly name: string;
  /** The command that puts the key and its forced command into authorized_keys there. */
  readonly authorize: string;
}

export function mendSsh(said: string, { user, host, port, knownHosts, authorize, name }: SshHost): string[] {
  if (/host key/.test(said))
    return [
      `ssh-keyscan -p ${port} ${word(host)} >> ${word(knownHosts)}`,
      `# after comparing it with: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub (on ${name})`,
    ];
  if (/refused: /.test(said) || /there is no such command|forced command|--upstreams/.test(said))
    return [authorize];
  return [`ssh -p ${port} ${word(`${user}@${host}`)} true`];
}

/** `line` in the place of one with the same key. Run on the host. */
export function authorizeCommand(line: string, name: string): string {
  const file = '~/.ssh/authorized_keys';
  const blob = / (AAAA[A-Za-z0-9+/=]+)/.exec(line)?.[1];
  const append = `echo '${line}' >> ${file}   # on ${name}`;
  return blob === undefined ? append : `sed -i '\\|${blob}|d' ${file}; ${append}`;
}
