/** /version, and the requests about the cluster as a whole. */
import type { Json, JsonObject } from '../../../kernel/json.js';
import { type Call, type Cluster, vmidOf } from '../cluster.js';
import { rootDisk } from '../ct-config.js';
import { refuse } from '../failure.js';
import { kindOf, type StorageOption } from '../options.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { Container, HaService } from '../state.js';
import { nodeUsage, storageUsage, usageFields } from '../usage.js';
import { guestFilter, may } from '../permissions.js';
import type { Dump, GuestStats } from '../stats.js';

function guestResource(cluster: Cluster, container: Container, dump: Dump, pool?: string): JsonObject {
  const { vmid, node, config } = container;
  const stats = dump.get(vmid);
  const ha = cluster.store.state.ha.resources[`ct:${vmid}`];
  const known: JsonObject = stats
    ? {
        name: stats.name,
        status: stats.running ? 'running' : 'stopped',
        template: stats.template ? 1 : 0,
        maxcpu: Number(config['cores'] ?? 1),
        maxmem: Number(config['memory'] ?? 512) * 1024 ** 2,
        maxdisk: (stats.running ? container.filesystem : undefined) ?? rootDisk(config).bytes,
        diskread: 0,
        diskwrite: 0,
        ...usageFields(stats.usage),
      }
    : { status: 'unknown' };
  return {
    id: `lxc/${vmid}`,
    vmid,
    type: 'lxc',
    node,
    ...known,
    ...(pool === undefined ? {} : { pool }),
    ...(config['tags'] === undefined ? {} : { tags: config['tags'] }),
    ...(config['lock'] === undefined ? {} : { lock: config['lock'] }),
    ...hastate(ha),
  };
}

/**
 * Returns the state of the service that the manager reports. If the manager does not have the service (yet, or any
 * more), returns the configured state.
 */
function hastate(service: HaService | undefined): JsonObject {
  const asked = service?.options['state'];
  const state = asked === 'ignored' ? asked : (service?.state ?? asked);
  return state === undefined ? {} : { hastate: state };
}

const shows = (stats: GuestStats | undefined): string =>
  stats ? `${stats.name} ${stats.template} ${stats.running}` : '';

/**
 * Returns the guests. The list itself is always current. The names and states in it are those that the worker which
 * sends the response has cached.
 */
function guestResources(call: Call): JsonObject[] {
  const { cluster, strike } = call;
  const { containers, pools } = cluster.store.state;
  const isOutdated = strike.kind !== undefined && 'outdated' in strike.kind;
  const dump = isOutdated ? cluster.stats.outdatedDump() : cluster.stats.nextDump();
  const visible = guestFilter(cluster);
  const isSame = ({ vmid }: Container): boolean => shows(dump.get(vmid)) === shows(cluster.stats.of(vmid));
  if (isOutdated && Object.values(containers).every((each) => !visible(each.vmid) || isSame(each)))
    strike.missed?.();
  const shownPools = Object.entries(pools).filter(([name]) => may(cluster, `/pool/${name}`, 'Pool.Audit'));
  const poolOf = new Map(shownPools.flatMap(([name, { vms }]) => vms.map((vmid) => [vmid, name])));
  return Object.values(containers)
    .filter(({ vmid }) => visible(vmid))
    .map((each) => guestResource(cluster, each, dump, poolOf.get(each.vmid)));
}

/** Returns a node. Its values are omitted if the caller lacks the privilege to see them. */
function nodeResources(cluster: Cluster): JsonObject[] {
  return cluster.nodes.map(({ node, online }) => ({
    id: `node/${node}`,
    type: 'node',
    node,
    status: online ? 'online' : 'offline',
    ...(online ? { level: '', 'cgroup-mode': 2 } : {}),
    ...(online && may(cluster, `/nodes/${node}`, 'Sys.Audit') ? nodeUsage(cluster, node) : {}),
  }));
}

function storageResource(cluster: Cluster, storage: StorageOption, node: string): JsonObject {
  const { used, total } = storageUsage(cluster, storage, node);
  return {
    id: `storage/${node}/${storage.storage}`,
    type: 'storage',
    storage: storage.storage,
    node,
    status: 'available',
    plugintype: storage.type,
    content: storage.content.join(','),
    shared: kindOf(storage).shared ? 1 : 0,
    disk: used,
    maxdisk: total,
  };
}

function storageResources(cluster: Cluster): JsonObject[] {
  return cluster.nodes
    .filter(({ online }) => online)
    .flatMap(({ node }) =>
      cluster.storages
        .filter(({ nodes }) => nodes?.includes(node) ?? true)
        .filter(({ storage }) => may(cluster, `/storage/${storage}`, 'Datastore.Audit'))
        .map((storage) => storageResource(cluster, storage, node)),
    );
}

function poolResources({ cluster }: Call): JsonObject[] {
  return Object.keys(cluster.store.state.pools)
    .filter((pool) => may(cluster, `/pool/${pool}`, 'Pool.Audit'))
    .map((pool) => ({ id: `/pool/${pool}`, type: 'pool', pool }));
}

/** The network zone that every node has. It is new in release 9. */
function networkResources({ cluster }: Call): JsonObject[] {
  if (cluster.version !== '9.1' || !may(cluster, '/sdn/zones/localnetwork', 'SDN.Audit')) return [];
  return cluster.nodes.map(({ node }) => ({
    id: `network/${node}/zone/localnetwork`,
    type: 'network',
    'network-type': 'zone',
    network: 'localnetwork',
    node,
    status: 'ok',
  }));
}

function resources(call: Call): Json {
  const { type } = call.values;
  const wanted = (one: string): boolean => type === undefined || type === one;
  return [
    ...(type === undefined ? poolResources(call) : []),
    ...(wanted('vm') ? guestResources(call) : []),
    ...(wanted('node') ? nodeResources(call.cluster) : []),
    ...(wanted('storage') ? storageResources(call.cluster) : []),
    ...(type === undefined ? networkResources(call) : []),
  ];
}

function status({ cluster }: Call): Json {
  const online = cluster.nodes.filter((node) => node.online).length;
  return [
    {
      id: 'cluster',
      type: 'cluster',
      name: 'sandbox',
      version: cluster.nodes.length,
      nodes: cluster.nodes.length,
      quorate: online * 2 > cluster.nodes.length ? 1 : 0,
    },
    ...cluster.nodes.map((node, index) => ({
      id: `node/${node.node}`,
      type: 'node',
      name: node.node,
      nodeid: index + 1,
      ip: `192.0.2.${index + 1}`,
      level: '',
      local: index === 0 ? 1 : 0,
      online: node.online ? 1 : 0,
    })),
  ];
}

function nextId(call: Call): Json {
  const { containers } = call.cluster.store.state;
  if (call.values['vmid'] !== undefined) {
    const vmid = vmidOf(call);
    if (containers[vmid]) refuse({ vmid: `VM ${vmid} already exists` });
    return String(vmid);
  }
  let vmid = 100;
  while (containers[vmid]) vmid += 1;
  return String(vmid);
}

export const clusterRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/version',
    run: ({ cluster }) =>
      cluster.version === '9.1'
        ? { version: '9.1.9', release: '9.1', repoid: 'a1b2c3d4e5f60718' }
        : { version: '8.4.14', release: '8.4', repoid: 'b2c3d4e5f6071829' },
  },
  {
    method: 'GET',
    path: '/cluster/resources',
    properties: { type: { type: 'string', optional: 1, enum: ['vm', 'storage', 'node', 'sdn'] } },
    run: resources,
  },
  { method: 'GET', path: '/cluster/status', privilege: ['/', 'Sys.Audit'], run: status },
  {
    method: 'GET',
    path: '/cluster/nextid',
    properties: { vmid: { ...PATH_PROPERTIES['vmid'], optional: 1 } },
    run: nextId,
  },
];
