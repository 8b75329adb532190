/**
 * The exec driver `ssh` runs pct on the node of the container. The SSH key for the node may be restricted to `pct
 * exec`.
 */
import type { SshConfig, SshExecSettings } from './config.js';
import { AgentError } from '../../../kernel/errors.js';
import type { ExecDeps, ExecDriver } from '../contract.js';
import { PCT_ARGUMENTS, scriptRunner, type Transport } from '../run-script.js';
import { SshLink } from './ssh-link.js';

export function driver({ exec }: SshExecSettings, deps: ExecDeps): ExecDriver {
  if (!exec.ssh) throw new Error('exec.ssh is missing');
  return sshExecDriver(exec.pct, exec.ssh, exec.max_output_bytes, deps);
}

/**
 * @param pct the command words that start pct; they must not need quoting, because sshd passes the command to a shell
 */
export function sshExecDriver(
  pct: readonly string[],
  config: SshConfig,
  maxOutputBytes: number,
  deps: ExecDeps,
): ExecDriver {
  const links = new Map<string, SshLink>();
  const linkTo = (node: string): SshLink => {
    const known = links.get(node);
    if (known) return known;
    if (!/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})$/.test(node))
      throw refused(`not a node name: ${JSON.stringify(node)}`);
    const circuit = deps.circuits?.of(`exec:${node}`, 'container host');
    const link = new SshLink(config.hosts[node] ?? { host: node, port: 22 }, config, circuit);
    links.set(node, link);
    return link;
  };
  const transport: Transport = async ({ node, vmid }, options, signal) =>
    linkTo(node).run(commandLine(pct, vmid), options, signal);
  return {
    run: scriptRunner(transport, maxOutputBytes, deps.log),
    async close() {
      await Promise.all([...links.values()].map((link) => link.close()));
    },
  };
}

function commandLine(pct: readonly string[], vmid: number): string {
  const words = [...pct, ...PCT_ARGUMENTS(vmid)];
  const strange = words.find((word) => !/^[A-Za-z0-9._/-]+$/.test(word));
  if (strange !== undefined) throw refused(`exec.pct: ${JSON.stringify(strange)} would need quoting`);
  return words.join(' ');
}

function refused(detail: string): AgentError {
  return new AgentError('container_host_failed', 'The container host cannot run commands in containers.', {
    role: 'container host',
    failure: 'refused_us',
    detail,
  });
}
