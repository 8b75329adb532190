/** One look at the whole cluster, and the addresses its guests are configured with. */
import type { DriverCall } from '../../call.js';
import type { ClusterView, GuestView, NodeView, StorageView } from '../driver.js';
import { flag, num, type Resource, text } from './answers.js';
import { type Host, readConfig, readMachineConfig, readResources } from './host.js';
import { isPve } from './pve-error.js';
import { snapshotAbility } from './snapshot-ability.js';
import { configuredAddresses, parseTags } from './property-string.js';

export async function look(host: Host, call: DriverCall): Promise<ClusterView> {
  const resources = await readResources(host, call.signal);
  const ability = snapshotAbility(resources, host.config.storage);
  const view: ClusterView = {
    at: host.clock.now(),
    nodes: resources.filter((one) => one.type === 'node').map(nodeView),
    guests: resources.flatMap(guestView),
    storages: resources.filter((one) => one.type === 'storage').map(storageView),
    ...(ability === undefined ? {} : { snapshots: ability }),
  };
  for (const guest of view.guests) if (guest.type === 'lxc') host.seenOn.set(guest.vmid, guest.node);
  return view;
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

/** Old entries read again per call: a foreign guest's new address is seen within (guests / this) looks, without asking for all each time. */
const REFRESH = 10;
const AT_ONCE = 3;
const VIEW_MAX_AGE_MS = 5_000;

interface Known {
  readonly addresses: readonly string[];
  readonly readAt: number;
}

export type UsedAddresses = (call: DriverCall) => Promise<ReadonlySet<string>>;

/** Reads the config of every guest it has not read yet, and of a few of the longest known. What cannot be read now keeps its last known addresses. */
export function usedAddressesReader(host: Host, lastView: () => ClusterView | undefined): UsedAddresses {
  const known = new Map<string, Known>();
  return async (call) => {
    const last = lastView();
    const recent = last !== undefined && host.clock.now() - last.at <= VIEW_MAX_AGE_MS ? last : undefined;
    const { guests } = recent ?? (await look(host, call));
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

/** A guest that moved is another entry only by its number: its addresses moved with it. */
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
    if (!isPve(error, 'missing', 'unreachable', 'unknown', 'busy', 'failed', 'refused')) throw error;
    host.log.debug(
      { vmid: guest.vmid, node: guest.node, err: error },
      'the addresses of a guest could not be read',
    );
    return undefined;
  }
}
