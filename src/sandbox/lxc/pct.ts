/**
 * Creates a replacement for Proxmox's `pct` on the nodes of the sandbox. It implements `pct exec` with lxc-attach. The
 * arguments and exit codes are those of the real pct, and it fails in the same cases.
 */
import { join } from 'node:path';
import { writeText } from '../files.js';
import { hierarchy } from './cgroup.js';

export interface PctOptions {
  /** The folder to which the script is written. */
  readonly binDir: string;
  readonly lxcPath: string;
  readonly namespace: string;
  /** The command words that enter the environment's network namespace. */
  readonly enter: readonly string[];
  /** Maps the port of a node's SSH server to the node. */
  readonly nodes: ReadonlyMap<number, string>;
}

/** Writes `<binDir>/pct` and returns its path. */
export async function writePct(options: PctOptions): Promise<string> {
  const file = join(options.binDir, 'pct');
  await writeText(file, pctScript(options), 0o755);
  return file;
}

export function pctScript({ lxcPath, namespace, enter, nodes }: PctOptions): string {
  const groups = join(hierarchy('memory'), namespace);
  const nodeCases = [...nodes].map(([port, node]) => `  *' '${port}) here=${quote(node)} ;;`).join('\n');
  return `#!/bin/sh
# Written by the sandbox: the part of Proxmox's pct that the agent uses.
set -u
lxc=${quote(lxcPath)}
# Every node has a separate port on one SSH server. Without SSH, the containers of all nodes are found.
here=
case "\${SSH_CONNECTION:-}" in
${nodeCases}
esac
usage() { echo 'ERROR: unknown command or arguments: pct exec <vmid> --keep-env 0 -- <argv>' >&2; exit 255; }
[ $# -ge 2 ] || usage
command=$1; vmid=$2; shift 2
case $vmid in '' | *[!0-9]*) echo '400 Parameter verification failed.' >&2; echo "vmid: invalid format - value does not look like a valid VM ID" >&2; exit 255 ;; esac
node=$(cat "$lxc/$vmid/node" 2>/dev/null) || node=
if [ -z "$node" ] || { [ -n "$here" ] && [ "$node" != "$here" ]; }; then
  echo "Configuration file 'nodes/\${here:-localhost}/lxc/$vmid.conf' does not exist" >&2
  exit 2
fi
is_running() { [ -d ${quote(groups)}/"$vmid/lxc.payload.$vmid" ]; }
case $command in
  exec)
    [ $# -ge 4 ] && [ "$1 $2 $3" = '--keep-env 0 --' ] || usage
    shift 3
    is_running || { echo "container '$vmid' not running!" >&2; exit 255; }
    exec ${enter.map(quote).join(' ')} lxc-attach -P "$lxc" -n "$vmid" --clear-env -- "$@" ;;
  status)
    if is_running; then echo 'status: running'; else echo 'status: stopped'; fi ;;
  *) usage ;;
esac
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
