/**
 * Changes the settings of a container to the wanted ones. Only differences are sent. The digest in the request
 * ensures that the config is still the one that was checked to be ours.
 */
import type { AgentError } from '../../../kernel/errors.js';
import type { DriverCall } from '../../shared/call.js';
import type { GuestAt } from '../contract.js';
import { num } from './schemas.js';
import { assertGoing, type Found, type Host, lxcOf, readStatus, requireOurs } from './host.js';
import { hostFailed, isPve, said } from './pve-error.js';
import { isShortOf, rootDiskBytes } from './property-string.js';
import { untrue } from './verify.js';
import { logOf, runTask } from './tasks.js';

/** Parameters of `PUT config`, with the names of the API. */
export interface CtChanges {
  cores?: number;
  memory?: number;
  swap?: number;
  hostname?: string;
  description?: string;
  net0?: string;
  onboot?: boolean;
  tags?: string;
  nameserver?: string;
  searchdomain?: string;
}

const ROUNDS = 4;

/**
 * `changesFor` returns the parameters to send for a config; an empty result means that nothing is left to do.
 * Resolves to the final config. A change is sent again only if another client changed the config in between, the
 * response was lost, or the change had no effect.
 */
export async function changeConfig(
  host: Host,
  at: GuestAt,
  call: DriverCall,
  changesFor: (found: Found) => CtChanges,
): Promise<Found> {
  /** The digest of the config for which a change was acknowledged. */
  let answered: string | undefined;
  let written = 0;
  for (let round = 1; ; round++) {
    const found = await requireOurs(host, at, call);
    const changes = changesFor(found);
    const { digest } = found.config;
    if (Object.keys(changes).length === 0) return found;
    // a different digest means that the change was written, but the result differs from what was sent
    if (answered !== undefined && digest !== answered) written += 1;
    if (written > 1) throw otherValues(at.vmid, changes);
    if (answered !== undefined && round > ROUNDS) throw untrue(at.vmid);
    assertGoing(call);
    try {
      await lxcOf(host, found, call.signal).config.$put({
        ...changes,
        ...(digest === undefined ? {} : { digest }),
      });
      if (digest === undefined) return found;
      answered = digest;
    } catch (error) {
      const again = isPve(error, 'unknown', 'missing') || said(error, /detected modified configuration/);
      if (!again || round >= ROUNDS) throw error;
    }
  }
}

function otherValues(vmid: number, changes: CtChanges): AgentError {
  const sent = Object.entries(changes).map(([name, value]) => `${name}=${String(value)}`);
  return hostFailed(
    'The container host did not keep the settings that it was given.',
    `container ${vmid}: sent twice, but stored differently: ${sent.join(', ')}`,
  );
}

/**
 * Proxmox ends a resize with OK even if the file system did not grow with its volume. A further resize by this amount
 * makes Proxmox try again.
 */
const A_BIT_MORE = '+16M';
const NOT_FOLLOWED = /Failed to update the container's filesystem/i;

/**
 * Grows the root disk of a container that was just checked to be ours to `diskGb`. A larger disk stays unchanged. The
 * effect is verified by the size of the file system if the container is running, otherwise by the log of the task.
 */
export async function growRootDisk(
  host: Host,
  at: GuestAt,
  diskGb: number,
  justRead: Found,
  call: DriverCall,
): Promise<void> {
  if (diskGb <= 0) return;
  let isLeftBehind = false;
  for (let round = 1; ; round++) {
    const found = round === 1 ? justRead : await requireOurs(host, at, call);
    const bytes = rootDiskBytes(found.config.rootfs) ?? 0;
    const hasVolume = bytes >= diskGb * 2 ** 30;
    if (hasVolume && !isLeftBehind && !(await isFileSystemShort(host, found, bytes, call))) return;
    if (round > ROUNDS + 1) throw hasVolume ? fileSystemStays(found) : untrue(at.vmid);
    try {
      const { resize } = lxcOf(host, found, call.signal);
      const size = hasVolume ? A_BIT_MORE : `${diskGb}G`;
      const task = await runTask(host, call, () => resize.$put({ disk: 'rootfs', size }));
      isLeftBehind = (await logOf(host, task)).some((line) => NOT_FOLLOWED.test(line));
    } catch (error) {
      if (said(error, /already at specified size|unable to shrink disk/i)) return;
      if (!isPve(error, 'unknown', 'missing') || round >= ROUNDS) throw error;
      host.seenOn.delete(at.vmid);
    }
  }
}

async function isFileSystemShort(
  host: Host,
  found: Found,
  bytes: number,
  call: DriverCall,
): Promise<boolean> {
  const { status, maxdisk } = await readStatus(host, found, call.signal);
  return status === 'running' && isShortOf(num(maxdisk), bytes);
}

function fileSystemStays({ vmid, node, config }: Found): AgentError {
  return hostFailed(
    'The disk of the container grew, but its file system did not.',
    `container ${vmid} on ${node}: ${config.rootfs ?? ''}; check the file system (df, dmesg), then ` +
      `run on ${node}: pct resize ${vmid} rootfs ${A_BIT_MORE}`,
  );
}
