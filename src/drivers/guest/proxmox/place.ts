/** Chooses the node of a new container: the one with most memory left after everything used, promised and reserved. A pure function. */
import type { ProxmoxConfig } from '../../../config/config.js';
import { AgentError } from '../../../domain/errors.js';
import type { ClusterView, NodeView, PlacementWish } from '../driver.js';
import { isShared, templatesOf } from './template.js';

const MIB = 2 ** 20;

type Rules = Pick<ProxmoxConfig, 'nodes' | 'storage' | 'reserve_memory_mb'>;

/** Throws `template_missing` when no node at all has the source, `capacity_exhausted` (with each node's figures in `detail`) when none has room. */
export function place(rules: Rules, wish: PlacementWish, view: ClusterView): string {
  const holders = sourceHolders(rules, wish, view);
  const judged = view.nodes.map((node) => ({
    node,
    freeMb: freeMb(rules, wish, node),
    refusal: refusalOf(rules, wish, view, holders, node),
  }));
  const fit = judged
    .filter(({ refusal }) => refusal === undefined)
    .sort((a, b) => b.freeMb - a.freeMb || (a.node.name < b.node.name ? -1 : 1));
  const best = fit[0];
  if (best !== undefined) return best.node.name;
  const figures = judged.map(
    ({ node, freeMb: free, refusal }) => `${node.name}: ${refusal ?? 'fits'} (${Math.floor(free)} MiB left)`,
  );
  throw new AgentError('capacity_exhausted', 'No node has room for the container.', {
    role: 'container host',
    detail: `wanted ${wish.resources.memoryMb} MiB; ${figures.join('; ') || 'the cluster shows no node'}`,
  });
}

/** MiB left for new containers; below zero when more was promised than there is. */
export function freeMb(rules: Rules, wish: Pick<PlacementWish, 'promisedMb'>, node: NodeView): number {
  const promised = wish.promisedMb.get(node.name) ?? 0;
  return (node.memoryBytes - node.memoryUsedBytes) / MIB - promised - rules.reserve_memory_mb;
}

function refusalOf(
  rules: Rules,
  wish: PlacementWish,
  view: ClusterView,
  holders: ReadonlySet<string>,
  node: NodeView,
): string | undefined {
  if (!node.online) return 'offline';
  if (rules.nodes.length > 0 && !rules.nodes.includes(node.name)) return 'not allowed by the config';
  if (!holdsStorage(view, rules.storage, node.name)) return `storage "${rules.storage}" is not active`;
  if (!holders.has(node.name)) return 'does not hold the source';
  if (freeMb(rules, wish, node) < wish.resources.memoryMb) return 'too little memory';
  return undefined;
}

function holdsStorage(view: ClusterView, storage: string, node: string): boolean {
  return view.storages.some((one) => one.storage === storage && one.node === node && one.available);
}

/** Nodes that can make the container from its source. */
function sourceHolders(rules: Rules, { source }: PlacementWish, view: ClusterView): ReadonlySet<string> {
  const all = view.nodes.map((node) => node.name);
  if (source.kind === 'os') {
    const [storage = ''] = source.volume.split(':');
    const holders = all.filter((node) => holdsStorage(view, storage, node));
    if (holders.length > 0) return new Set(holders);
    throw missing(`no node holds storage "${storage}" of the OS template ${source.volume}`);
  }
  const on = templatesOf(view, source.name).map((guest) => guest.node);
  if (on.length === 0) throw missing(`no template is called "${source.name}"`);
  return new Set(isShared(view, rules.storage) ? all : on);
}

function missing(detail: string): AgentError {
  return new AgentError('template_missing', 'The template the product is made from does not exist.', {
    role: 'container host',
    detail,
  });
}
