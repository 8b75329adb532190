/**
 * The code that the doctor's checks of all exec drivers share. They run pct with a VMID that no container has, so that
 * no container is affected.
 */
import type { ClusterView, NodeView } from '../guest/contract.js';
import type { ExecKeys } from './keys.js';
import type { RawEnd } from './run-script.js';

/** The dependencies of the checks of every exec driver. */
export interface ExecDoctorParts {
  readonly configFile: string;
  readonly config: {
    readonly exec: ExecKeys;
    readonly container_host: { readonly proxmox: { readonly vmids: VmidRange } };
  };
  readonly guest: {
    look(signal: AbortSignal): Promise<ClusterView>;
    nodes(view: ClusterView): readonly Pick<NodeView, 'name'>[];
  };
}

export interface VmidRange {
  readonly first: number;
  readonly last: number;
}

export const PROBE_OUTPUT = { stdin: '', maxOutputBytes: 4_096, onStdout: (): void => {} };
/** The error messages of pct if the container does not exist, and if pct has no permission to look for it. */
const UNKNOWN_CONTAINER = /configuration file '[^']*' does not exist|CT \d+ does not exist/i;

/** Returns the highest VMID in the range that no container has. */
export function freeVmid({ guests }: ClusterView, { first, last }: VmidRange): number {
  const used = new Set(guests.map(({ vmid }) => vmid));
  let vmid = last;
  while (vmid > first && used.has(vmid)) vmid -= 1;
  return vmid;
}

/** Returns undefined if pct runs and can list containers, or else the error message of pct. */
export function problemOf({
  code,
  stderr,
  stdout,
}: Pick<RawEnd, 'code' | 'stderr' | 'stdout'>): string | undefined {
  if (code !== 0 && UNKNOWN_CONTAINER.test(stderr)) return undefined;
  const said = (stderr.trim() || stdout.trim()).slice(-300);
  return `pct ended with ${code ?? 'a signal'}${said === '' ? '' : `: ${said}`}`;
}
