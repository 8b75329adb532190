/** Polls the whole cluster, and reads the configured addresses of its guests. */
import type { DriverCall } from '../../shared/call.js';
import type { ClusterView, GuestView, NodeView, StorageView } from '../contract.js';
import { flag, num, type Resource, text } from './schemas.js';
import { type Host, readConfig, readMachineConfig, readResources } from './host.js';
import { isPve } from './pve-error.js';
import { canHoldTemplates, snapshotAbility } from './snapshot-ability.js';
import { configuredAddresses, parseTags, rootStorageOf } from './property-string.js';

export async function readCluster(host: Host, call: DriverCall): Promise<ClusterView> {
  const resources = await readResources(host, call.signal);
  const ability = snapshotAbility(resources, host.config.storage);
  const guests = await withRootStorage(host, resources.flatMap(guestView), call);
  const view: ClusterView = {
    at: host.clock.now(),
    nodes: resources.filter((one) => one.type === 'node').map(nodeView),
    guests,
    storages: resources.filter((one) => one.type === 'storage').map(storageView),
    ...(ability === undefined ? {} : { snapshots: ability }),
    templates: canHoldTemplates(resources, host.config.storage),
  };
  for (const guest of view.guests) if (guest.type === 'lxc') host.seenOn.set(guest.vmid, guest.node);
  return view;
}

/**
 * How long the storage of a template's disk is cached. Templates do not change. If their disk is moved to another
 * storage, it becomes a different volume.
 */
const TEMPLATE_MS = 60_000;

/**
 * Adds the storage of each template's root disk, which the list does not contain. The storage determines where clones
 * can be created.
 */
async function withRootStorage(host: Host, guests: GuestView[], call: DriverCall): Promise<GuestView[]> {
  const read = async (guest: GuestView): Promise<GuestView> => {
    if (guest.type !== 'lxc' || !guest.template) return guest;
    const storage = await templateStorage(host, guest, call);
    return storage === undefined ? guest : { ...guest, rootStorage: storage };
  };
  return Promise.all(guests.map(read));
}

async function templateStorage(
  host: Host,
  { vmid, node }: GuestView,
  call: DriverCall,
): Promise<string | undefined> {
  const known = host.templateStorages.get(vmid);
  if (known !== undefined && known.node === node && host.clock.now() - known.readAt < TEMPLATE_MS)
    return known.storage;
  try {
    const storage = rootStorageOf((await readConfig(host, node, vmid, call.signal)).rootfs);
    if (storage !== undefined) host.templateStorages.set(vmid, { node, storage, readAt: host.clock.now() });
    return storage;
  } catch (error) {
    // the node of the template is off, or the token has no permission to see the template; the known value is still
    // valid
    if (isPve(error)) return known?.node === node ? known.storage : undefined;
    throw error;
  }
}

function nodeView(one: Resource): NodeView {
  return {
    name: text(one.node),
    online: text(one.status) === 'online',
    memoryBytes: num(one.maxmem),
    memoryUsedBytes: num(one.mem),
  };
}

function guestView(one: Resource): GuestView[] {
  if (one.type !== 'lxc' && one.type !== 'qemu') return [];
  return [
    {
      vmid: num(one.vmid),
      name: text(one.name),
      node: text(one.node),
      type: one.type,
      template: flag(one.template),
      status: text(one.status) || 'unknown',
      memoryBytes: num(one.mem),
      memoryLimitBytes: num(one.maxmem),
      diskBytes: num(one.disk),
      diskLimitBytes: num(one.maxdisk),
      cpu: num(one.cpu),
      networkInBytes: num(one.netin),
      networkOutBytes: num(one.netout),
      uptimeS: num(one.uptime),
      tags: parseTags(text(one.tags)),
    },
  ];
}

function storageView(one: Resource): StorageView {
  return {
    storage: text(one.storage),
    node: text(one.node),
    shared: flag(one.shared),
    available: text(one.status) === 'available',
    totalBytes: num(one.maxdisk),
    usedBytes: num(one.disk),
  };
}

/**
 * The number of known guests whose config each call reads again. If another client changes the address of a guest, the
 * driver notices this within (guests / this number) polls, without a request for every guest at each poll.
 */
const REFRESH = 10;
const AT_ONCE = 3;
const VIEW_MAX_AGE_MS = 5_000;

interface Known {
  readonly addresses: readonly string[];
  readonly readAt: number;
}

export type UsedAddresses = (call: DriverCall) => Promise<ReadonlySet<string>>;

/**
 * Reads the config of every guest that has not been read yet, and of the guests that were read longest ago. A guest
 * that cannot be read now keeps its last known addresses.
 */
export function usedAddressesReader(host: Host, lastView: () => ClusterView | undefined): UsedAddresses {
  const known = new Map<string, Known>();
  return async (call) => {
    const last = lastView();
    const ageMs = last === undefined ? Infinity : Math.abs(host.clock.now() - last.at);
    const recent = ageMs <= VIEW_MAX_AGE_MS ? last : undefined;
    const { guests } = recent ?? (await readCluster(host, call));
    const present = new Map(guests.map((guest) => [keyOf(guest), guest]));
    for (const key of known.keys()) if (!present.has(key)) known.delete(key);
    const wanted = [
      ...[...present.keys()].filter((key) => !known.has(key)),
      ...[...known]
        .sort(([, a], [, b]) => a.readAt - b.readAt)
        .slice(0, REFRESH)
        .map(([key]) => key),
    ];
    const next = wanted.values();
    const readSome = async (): Promise<void> => {
      for (const key of next) {
        const guest = present.get(key);
        const addresses = guest === undefined ? undefined : await addressesOf(host, guest, call);
        if (addresses !== undefined) known.set(key, { addresses, readAt: host.clock.now() });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, readSome));
    return new Set([...known.values()].flatMap(({ addresses }) => addresses));
  };
}

/** The key is only the VMID, so that a guest that moved to another node keeps its addresses. */
const keyOf = (guest: GuestView): string => String(guest.vmid);

async function addressesOf(
  host: Host,
  guest: GuestView,
  call: DriverCall,
): Promise<readonly string[] | undefined> {
  try {
    const read = guest.type === 'lxc' ? readConfig : readMachineConfig;
    return configuredAddresses(await read(host, guest.node, guest.vmid, call.signal));
  } catch (error) {
    if (!isPve(error, 'missing', 'unreachable', 'unknown', 'busy', 'failed', 'lacking', 'refused'))
      throw error;
    host.log.debug(
      { vmid: guest.vmid, node: guest.node, err: error },
      'the addresses of a guest could not be read',
    );
    return undefined;
  }
}
