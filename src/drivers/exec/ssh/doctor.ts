/** Checks on every node that pct responds, and that the SSH key cannot run other commands. */
import { randomBytes } from 'node:crypto';
import ssh2 from 'ssh2';
import { AgentError } from '../../../kernel/errors.js';
import {
  type DriverDoctor,
  ok,
  sentenceOf,
  type Verdict,
  warning,
  wrong,
  word,
  worst,
} from '../../shared/doctor/check.js';
import { authorizeCommand, sshFixes } from '../../shared/doctor/ssh-advice.js';
import { type ExecDoctorParts, freeVmid, problemOf, PROBE_OUTPUT, type VmidRange } from '../examine.js';
import { PCT_ARGUMENTS } from '../run-script.js';
import type { SshConfig, SshExecSettings } from './config.js';
import { SshLink } from './ssh-link.js';

type Parts = ExecDoctorParts & {
  readonly config: SshExecSettings & {
    readonly container_host: { readonly proxmox: { readonly template_vmids: VmidRange } };
  };
};

const FORCED_COMMAND = '/usr/lib/innkeeper/innkeeper-exec';

export function doctor(parts: Parts): DriverDoctor {
  const { ssh } = parts.config.exec;
  if (!ssh) throw new Error('exec.ssh is missing');
  const there = { ...parts, ssh };
  let examined: Promise<Examined[]> | undefined;
  const examine = (signal: AbortSignal): Promise<Examined[]> => (examined ??= examineAll(there, signal));
  return {
    checks: [
      {
        name: 'exec.path',
        title: 'scripts in containers',
        after: ['nodes'],
        look: ['pct list   # on the node'],
        withinMs: 20_000,
        run: async (signal) =>
          worst(
            (await examine(signal)).map((one) => judgePath(there, one)),
            wrong('no node is available'),
          ),
      },
      {
        name: 'exec.key',
        title: "the SSH key's forced command",
        after: ['exec.path'],
        look: ['cat ~/.ssh/authorized_keys   # on the node'],
        run: async (signal) =>
          worst(
            (await examine(signal)).map((one) => judgeKey(there, one)),
            ok('no SSH key is used'),
          ),
      },
    ],
    close: async () => {},
  };
}

type SshParts = Parts & { readonly ssh: SshConfig };

interface Facts {
  /** Undefined if pct runs and can list containers, otherwise its error message. */
  readonly problem: string | undefined;
  /** `any`: the key can run any command. `pct`: the key can only run scripts in containers. */
  readonly key: 'any' | 'pct';
}

type Examined = { readonly node: string } & (Facts | { readonly error: string });

async function examineAll(parts: SshParts, signal: AbortSignal): Promise<Examined[]> {
  const { config, guest } = parts;
  const view = await guest.look(signal);
  const vmid = freeVmid(view, config.container_host.proxmox.vmids);
  return Promise.all(
    guest.nodes(view).map(async ({ name: node }): Promise<Examined> => {
      try {
        return { node, ...(await examineNode(parts, { node, vmid }, signal)) };
      } catch (error) {
        return { node, error: sentenceOf(error) };
      }
    }),
  );
}

/**
 * Checks the connection without changing a container. Also checks that the node refuses a command that the key must
 * not be able to run.
 */
async function examineNode(
  { config, ssh }: SshParts,
  { node, vmid }: { readonly node: string; readonly vmid: number },
  signal: AbortSignal,
): Promise<Facts> {
  const link = new SshLink(hostOf(ssh, node), ssh);
  try {
    const end = await link.run([...config.exec.pct, ...PCT_ARGUMENTS(vmid)].join(' '), PROBE_OUTPUT, signal);
    return { problem: end.broken?.detail ?? problemOf(end), key: await whatKeyRuns(link, signal) };
  } finally {
    await link.close();
  }
}

async function whatKeyRuns(link: SshLink, signal: AbortSignal): Promise<'any' | 'pct'> {
  const word = `innkeeper-doctor-${randomBytes(8).toString('hex')}`;
  try {
    const { stdout } = await link.run(`echo ${word}`, PROBE_OUTPUT, signal);
    return stdout.includes(word) ? 'any' : 'pct';
  } catch (error) {
    // some servers reject the channel instead of returning an exit code
    if (error instanceof AgentError && /Unable to exec/.test(error.detail ?? '')) return 'pct';
    throw error;
  }
}

function judgePath({ config, ssh }: SshParts, examined: Examined): Verdict {
  const { node } = examined;
  const host = hostOf(ssh, node);
  if ('error' in examined) {
    const { user, known_hosts_file: knownHosts } = ssh;
    const there = { ...host, user, knownHosts, name: node, authorize: authorize(config, ssh, node) };
    return wrong(`${node}: ${examined.error}`, ...sshFixes(examined.error, there));
  }
  if (examined.problem === undefined) return ok(`pct responds on ${node}`);
  return wrong(
    `${node}: ${examined.problem}`,
    `ssh ${word(`${ssh.user}@${host.host}`)} ${config.exec.pct.join(' ')} list`,
  );
}

function judgeKey({ config, ssh }: SshParts, examined: Examined): Verdict {
  if ('error' in examined) return ok('no key is used');
  if (examined.key === 'pct') return ok('it can only run scripts in containers');
  return warning(
    `on ${examined.node} the key can run any command, not only scripts in containers`,
    authorize(config, ssh, examined.node),
  );
}

function hostOf(ssh: SshConfig, node: string): { host: string; port: number } {
  return ssh.hosts[node] ?? { host: node, port: 22 };
}

function authorize({ container_host: { proxmox } }: Parts['config'], ssh: SshConfig, node: string): string {
  const { vmids, template_vmids: templates } = proxmox;
  const forced = `restrict,command="${FORCED_COMMAND} ${vmids.first}-${vmids.last} ${templates.first}-${templates.last}"`;
  return authorizeCommand(`${forced} ${publicKeyOf(ssh) ?? '<the public key>'} innkeeper`, node);
}

/** Returns the public key as in authorized_keys (`ssh-ed25519 AAAA...`), or undefined if the key cannot be read. */
function publicKeyOf({ private_key: key }: SshConfig): string | undefined {
  const parsed = ssh2.utils.parseKey(key.reveal());
  return parsed instanceof Error ? undefined : `${parsed.type} ${parsed.getPublicSSH().toString('base64')}`;
}
