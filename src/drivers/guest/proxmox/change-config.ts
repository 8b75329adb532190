/**
 * Changes the settings of a container to the wanted ones. Only differences are sent. The request contains the digest
 * of the config in which our mark was found, so that Proxmox rejects the change if the config has been changed since.
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

/** The parameters of the request `PUT config`, with the same names as in the API. */
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
 * `changesFor` compares a config with the wanted settings and returns the parameters to send. If the result is empty,
 * nothing has to be changed. Resolves to the final config. A change is sent again only if another client changed the
 * config in between, the response was lost, or the change had no effect.
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
    // a new digest means that Proxmox wrote the change; since changes are still needed, it wrote other values than
    // those that were sent
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
    'The container host did not store the settings that the agent sent.',
    `container ${vmid}: sent twice, but stored differently: ${sent.join(', ')}`,
  );
}

/**
 * The amount of a second resize, which makes Proxmox grow the file system again. It is needed because Proxmox ends a
 * resize with OK even if the volume has grown and the file system has not.
 */
const A_BIT_MORE = '+16M';
const NOT_FOLLOWED = /Failed to update the container's filesystem/i;

/**
 * Grows the root disk of a container to `diskGb`. The caller has just checked that the container is ours. A larger
 * disk stays unchanged. The result is verified by the size of the file system if the container is running, otherwise
 * by the log of the task.
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
