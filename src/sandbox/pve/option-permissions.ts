/**
 * Checks the privileges that are required to set or delete an option of a container (pve-container,
 * `check_ct_modify_config_perm`).
 */
import { parsePropertyString } from './check.js';
import { type Cluster, storageNamed } from './cluster.js';
import { NET, ROOTFS } from './ct-config.js';
import { die } from './failure.js';
import { demand, demandAny, demandBridge, demandOnGuest, may, refusePermission } from './permissions.js';

/** Matches a volume to be created, such as `local-lvm:8`, with its size in GiB. */
const NEW_DISK = /^([^:\s]+):(\d+(?:\.\d+)?)$/;

export interface OptionChange {
  readonly vmid: number;
  /** The pool to which a new container is added. */
  readonly pool?: string | undefined;
  /** The current configuration. Absent if the container is new. */
  readonly present?: Readonly<Record<string, string>>;
}

/** `values` contains only the options, without the other parameters of a request. */
export function demandForOptions(
  cluster: Cluster,
  change: OptionChange,
  values: Readonly<Record<string, string>>,
): void {
  for (const [option, value] of Object.entries(values)) demandForOption(cluster, change, option, value);
}

export function demandForDeletion(cluster: Cluster, change: OptionChange, options: readonly string[]): void {
  for (const option of options) demandForOption(cluster, change, option, undefined);
}

/** If `value` is undefined, checks the privilege to delete the option. */
function demandForOption(
  cluster: Cluster,
  change: OptionChange,
  option: string,
  value: string | undefined,
): void {
  const { vmid, pool, present = {} } = change;
  const onGuest = (privilege: string): void => demandOnGuest(cluster, vmid, pool, privilege);
  if (['cores', 'cpuunits', 'cpulimit'].includes(option)) onGuest('VM.Config.CPU');
  else if (['memory', 'swap'].includes(option)) onGuest('VM.Config.Memory');
  else if (['nameserver', 'searchdomain', 'hostname'].includes(option)) onGuest('VM.Config.Network');
  else if (option === 'rootfs' || /^mp\d+$/.test(option)) {
    onGuest('VM.Config.Disk');
    if (value !== undefined) demandVolume(cluster, value);
  } else if (/^net\d+$/.test(option)) {
    onGuest('VM.Config.Network');
    for (const net of [present[option], value])
      if (net !== undefined) demandBridge(cluster, parsePropertyString(NET, net));
  } else if (/^dev\d+$/.test(option))
    refusePermission('configuring device passthrough is only allowed for root@pam');
  else if (option === 'hookscript') refusePermission('changing the hookscript is only allowed for root@pam');
  else if (option === 'features') {
    if (featuresChanged(present[option], value).some((one) => one !== 'nesting'))
      refusePermission('changing feature flags (except nesting) is only allowed for root@pam');
    onGuest('VM.Allocate');
    // for tags, the privilege is checked only on the guest itself, not on the pool to which the guest is added
  } else if (option === 'tags') demandOnGuest(cluster, vmid, undefined, 'VM.Config.Options');
  else onGuest('VM.Config.Options');
}

function demandVolume(cluster: Cluster, value: string): void {
  const { volume = '' } = parsePropertyString(ROOTFS, value);
  if (volume.startsWith('/')) {
    const type = volume.startsWith('/dev/') ? 'device' : 'bind';
    refusePermission(`mount point type ${type} is only allowed for root@pam`);
  }
  const [, storage] = NEW_DISK.exec(volume) ?? [];
  if (storage !== undefined) demand(cluster, `/storage/${storage}`, 'Datastore.AllocateSpace');
}

function featuresChanged(before: string | undefined, after: string | undefined): string[] {
  const old = before === undefined ? {} : parsePropertyString({}, before);
  const wanted = after === undefined ? {} : parsePropertyString({}, after);
  return [...new Set([...Object.keys(old), ...Object.keys(wanted)])].filter(
    (one) => old[one] !== wanted[one],
  );
}

/**
 * Implements Proxmox's function `check_volume_access` for an OS template. Checks the format of the volume ID, the
 * storage, and that the caller has permission to read the storage.
 */
export function demandOsTemplate(cluster: Cluster, volume: string): void {
  const [, storage, name] = /^([a-z][a-z0-9\-_.]*[a-z0-9]):(.+)$/i.exec(volume) ?? [];
  if (storage === undefined || name === undefined)
    return die('Only root can pass arbitrary filesystem paths.');
  storageNamed(cluster, storage);
  const [, kind] = /^(vztmpl|iso|backup|import|rootdir|images|snippets)\//.exec(name) ?? [];
  if (kind === undefined) return die(`unable to parse directory volume name '${name}'`);
  if (kind !== 'vztmpl') die(`unable to use volume ${volume} - content type needs to be 'vztmpl'`);
  if (may(cluster, `/storage/${storage}`, 'Datastore.Allocate')) return;
  demandAny(cluster, `/storage/${storage}`, 'Datastore.AllocateSpace', 'Datastore.Audit');
}
