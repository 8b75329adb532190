/** The way scripts take into containers, on every node: pct answers, and the SSH key can do nothing else. */
import type { NodeView } from '../../drivers/guest/contract.js';
import { examineExec, type ExecFacts, publicKeyOf } from '../../drivers/exec/examine.js';
import { type Check, ok, type Verdict, warning, wrong, word, worst } from '../check.js';
import type { DoctorParts } from '../parts.js';
import { sentenceOf } from '../run-checks.js';
import { allowedNodes } from './cluster.js';
import { authorizeCommand, mendSsh } from './ssh.js';

const FORCED_COMMAND = '/usr/lib/innkeeper/innkeeper-exec';

export function execChecks(parts: DoctorParts): Check[] {
  let examined: Promise<Examined[]> | undefined;
  const examine = (signal: AbortSignal): Promise<Examined[]> => (examined ??= examineAll(parts, signal));
  return [
    {
      name: 'exec.path',
      title: 'scripts in containers',
      after: ['nodes'],
      look: ['pct list   # on the node'],
      withinMs: 20_000,
      run: async (signal) =>
        worst(
          (await examine(signal)).map((one) => judgePath(parts, one)),
          wrong('no node is there to ask'),
        ),
    },
    {
      name: 'exec.key',
      title: "the SSH key's forced command",
      after: ['exec.path'],
      look: ['cat ~/.ssh/authorized_keys   # on the node'],
      run: async (signal) =>
        worst(
          (await examine(signal)).map((one) => judgeKey(parts, one)),
          ok('no key is used'),
        ),
    },
  ];
}

type Examined = { readonly node: string } & (
  { readonly problem: string | undefined; readonly key: ExecFacts['key'] } | { readonly error: string }
);

async function examineAll(parts: DoctorParts, signal: AbortSignal): Promise<Examined[]> {
  const view = await parts.pve.look(signal);
  const used = new Set(view.guests.map(({ vmid }) => vmid));
  const { first, last } = parts.config.container_host.proxmox.vmids;
  let vmid = last;
  while (vmid > first && used.has(vmid)) vmid -= 1;
  const nodes: readonly Pick<NodeView, 'name'>[] =
    parts.config.exec.driver === 'local' ? [{ name: 'this machine' }] : allowedNodes(parts, view);
  return Promise.all(
    nodes.map(async ({ name: node }): Promise<Examined> => {
      try {
        return { node, ...(await examineExec(parts.config, { node, vmid }, signal)) };
      } catch (error) {
        return { node, error: sentenceOf(error) };
      }
    }),
  );
}

function judgePath({ config, configFile }: DoctorParts, examined: Examined): Verdict {
  const { node } = examined;
  const { ssh } = config.exec;
  if (!('error' in examined)) {
    if (examined.problem === undefined) return ok(`pct answers on ${node}`);
    return wrong(
      `${node}: ${examined.problem}`,
      ...(ssh
        ? [`ssh ${word(`${ssh.user}@${hostOf(config, node).host}`)} ${config.exec.pct.join(' ')} list`]
        : [`${config.exec.pct.join(' ')} list`]),
    );
  }
  if (!ssh) return wrong(examined.error, `# in ${configFile}: exec.pct`);
  const { user, known_hosts_file: knownHosts } = ssh;
  const there = { ...hostOf(config, node), user, knownHosts, name: node, authorize: authorize(config, node) };
  return wrong(`${node}: ${examined.error}`, ...mendSsh(examined.error, there));
}

function judgeKey({ config }: DoctorParts, examined: Examined): Verdict {
  if ('error' in examined || examined.key === 'local') return ok('no key is used');
  if (examined.key === 'pct') return ok('it runs scripts in containers and nothing else');
  return warning(
    `on ${examined.node} the key may run any command, not only scripts in containers`,
    authorize(config, examined.node),
  );
}

function hostOf({ exec }: DoctorParts['config'], node: string): { host: string; port: number } {
  return exec.ssh?.hosts[node] ?? { host: node, port: 22 };
}

function authorize({ exec, container_host: { proxmox } }: DoctorParts['config'], node: string): string {
  const key = exec.ssh === null ? undefined : publicKeyOf(exec.ssh);
  const { vmids, template_vmids: templates } = proxmox;
  const forced = `restrict,command="${FORCED_COMMAND} ${vmids.first}-${vmids.last} ${templates.first}-${templates.last}"`;
  return authorizeCommand(`${forced} ${key ?? '<the public key>'} innkeeper`, node);
}
