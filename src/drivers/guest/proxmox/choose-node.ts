/**
 * Chooses the node for a new container, as a pure function. Only nodes whose storage has enough space for the disk are
 * considered. Of these, the function chooses the node with the most memory left after used, promised and reserved
 * memory is subtracted.
 */
import type { ProxmoxConfig } from './config.js';
import { AgentError } from '../../../kernel/errors.js';
import type { ClusterView, NodeView, PlacementSpec, StorageView } from '../contract.js';
import { reachOf, templatesOf } from './template.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

type Rules = Pick<ProxmoxConfig, 'nodes' | 'storage' | 'reserve_memory_mb' | 'reserve_disk_gb'> &
  Partial<Pick<ProxmoxConfig, 'locations'>>;

/**
 * Throws `template_missing` if no node has the source, `host_incomplete` if none has the configured storage,
 * `capacity_exhausted` (with the numbers of each node in `detail`) if no node has enough capacity.
 */
export function chooseNode(rules: Rules, spec: PlacementSpec, view: ClusterView): string {
  const holders = sourceHolders(rules, spec, view);
  const judged = view.nodes.map((node) => {
    const room = roomOn(rules, spec, view, node);
    const refusal = exclusionOf(rules, spec, view, holders, node) ?? lackIn(room, spec.resources);
    return { ...room, node, refusal };
  });
  const [best] = judged.filter(({ refusal }) => refusal === undefined).sort(byRoom);
  if (best !== undefined) return best.name;
  const figures = judged.map(
    ({ name, mb, gb, refusal }) =>
      `${name}: ${refusal ?? 'fits'} (${Math.floor(mb)} MiB left, ${gb === undefined ? 'unknown' : Math.floor(gb)} GiB of disk)`,
  );
  const may = judged.filter(({ node, refusal }) => node.online && refusal !== NOT_ALLOWED);
  if (may.length > 0 && may.every(({ refusal }) => refusal === withoutStorage(rules)))
    throw new AgentError(
      'host_incomplete',
      'The container host lacks an object that the configuration names.',
      {
        role: 'container host',
        detail: `${withoutStorage(rules)} on any node: ${figures.join('; ')}`,
      },
    );
  throw new AgentError('capacity_exhausted', 'No node has room for the container.', {
    role: 'container host',
    detail: `wanted ${spec.resources.memoryMb} MiB and ${spec.resources.diskGb} GiB of disk; ${figures.join('; ') || 'the cluster shows no node'}`,
  });
}

/**
 * Places the containers one after the other, as `chooseNode` would. A shared storage is counted once for all nodes.
 */
export function spread(
  rules: Rules,
  wanted: PlacementSpec,
  count: number,
  view: ClusterView,
): ReadonlyMap<string, number> {
  const { memoryMb, diskGb } = wanted.resources;
  const rooms = view.nodes
    .filter(canEver(rules, wanted, view))
    .map((node) => roomOn(rules, wanted, view, node));
  const taken = new Map<string, number>();
  for (let n = 0; n < count; n += 1) {
    const [best] = rooms.filter((room) => lackIn(room, wanted.resources) === undefined).sort(byRoom);
    if (best === undefined) break;
    best.mb -= memoryMb;
    for (const room of rooms)
      if (room.gb !== undefined && (room === best || (room.isShared && best.isShared))) room.gb -= diskGb;
    taken.set(best.name, (taken.get(best.name) ?? 0) + 1);
  }
  return taken;
}

/**
 * Returns a function that decides whether a node could get the container if it had enough capacity. If no node has the
 * source, the function rejects every node.
 */
function canEver(rules: Rules, wanted: PlacementSpec, view: ClusterView): (node: NodeView) => boolean {
  try {
    const holders = sourceHolders(rules, wanted, view);
    return (node) => exclusionOf(rules, wanted, view, holders, node) === undefined;
  } catch (error) {
    if (error instanceof AgentError && error.code === 'template_missing') return () => false;
    throw error;
  }
}

/** The capacity that a node has left for new containers. */
interface Room {
  readonly name: string;
  mb: number;
  /** Undefined if Proxmox does not report it. */
  gb: number | undefined;
  /** True if all nodes that have the storage share it. */
  readonly isShared: boolean;
}

function roomOn(rules: Rules, wanted: PlacementSpec, view: ClusterView, node: NodeView): Room {
  return {
    name: node.name,
    mb: freeMb(rules, wanted, node),
    gb: freeGb(rules, wanted, view, node),
    isShared: storageOn(view, rules.storage, node.name)?.shared === true,
  };
}

function lackIn({ mb, gb }: Room, { memoryMb, diskGb }: PlacementSpec['resources']): string | undefined {
  if (mb < memoryMb) return 'too little memory';
  return gb !== undefined && gb < diskGb ? 'too little disk' : undefined;
}

const byRoom = (a: Room, b: Room): number => b.mb - a.mb || (a.name < b.name ? -1 : 1);

/** The memory in MiB that is left for new containers. It is negative if more memory was promised than is available. */
export function freeMb(rules: Rules, wanted: Pick<PlacementSpec, 'promised'>, node: NodeView): number {
  const promised = wanted.promised.get(node.name)?.memoryMb ?? 0;
  return (node.memoryBytes - node.memoryUsedBytes) / MIB - promised - rules.reserve_memory_mb;
}

/**
 * The space in GiB that is left on the storage for new disks, or undefined if Proxmox does not report it. For existing
 * disks, only the used space is subtracted and not their maximum size, because the operator decides how far thin
 * storage may be overcommitted.
 */
function freeGb(
  rules: Rules,
  { promised }: PlacementSpec,
  view: ClusterView,
  { name }: NodeView,
): number | undefined {
  const storage = storageOn(view, rules.storage, name);
  if (storage === undefined || storage.totalBytes === 0) return undefined;
  const sharers = storage.shared ? [...promised.values()] : [promised.get(name)];
  const promisedGb = sharers.reduce((sum, one) => sum + (one?.diskGb ?? 0), 0);
  return (storage.totalBytes - storage.usedBytes) / GIB - promisedGb - rules.reserve_disk_gb;
}

const NOT_ALLOWED = 'not allowed by the config';
const withoutStorage = ({ storage }: Rules): string => `storage "${storage}" is not active`;

function exclusionOf(
  rules: Rules,
  { location = null }: PlacementSpec,
  view: ClusterView,
  holders: ReadonlySet<string>,
  node: NodeView,
): string | undefined {
  if (!node.online) return 'offline';
  if (rules.nodes.length > 0 && !rules.nodes.includes(node.name)) return NOT_ALLOWED;
  if (location !== null && !nodesAt(rules, location).includes(node.name)) return `not in "${location}"`;
  if (!holdsStorage(view, rules.storage, node.name)) return withoutStorage(rules);
  return holders.has(node.name) ? undefined : 'does not have the template';
}

/** A location that the configuration no longer has contains no node. */
function nodesAt({ locations = [] }: Rules, location: string): readonly string[] {
  return locations.find(({ name }) => name === location)?.nodes ?? [];
}

function holdsStorage(view: ClusterView, storage: string, node: string): boolean {
  return storageOn(view, storage, node) !== undefined;
}

function storageOn(view: ClusterView, storage: string, node: string): StorageView | undefined {
  return view.storages.find((one) => one.storage === storage && one.node === node && one.available);
}

/** Returns the nodes that can create the container from its source. */
function sourceHolders(rules: Rules, { source }: PlacementSpec, view: ClusterView): ReadonlySet<string> {
  const all = view.nodes.map((node) => node.name);
  if (source.kind === 'anywhere') return new Set(source.nodes ?? all);
  if (source.kind === 'os') {
    const [storage = ''] = source.volume.split(':');
    const holders = all.filter((node) => holdsStorage(view, storage, node));
    if (holders.length > 0) return new Set(holders);
    throw missing(`no node has the storage "${storage}" of the OS template ${source.volume}`);
  }
  const templates = templatesOf(view, source.name);
  if (templates.length === 0) throw missing(`no template is called "${source.name}"`);
  return new Set(templates.flatMap((template) => reachOf(view, rules.storage, template)));
}

function missing(detail: string): AgentError {
  return new AgentError('template_missing', 'The template of the product does not exist.', {
    role: 'container host',
    detail,
  });
}
