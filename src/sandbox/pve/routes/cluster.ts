/** /version and what is asked of the cluster as a whole. */
import type { Json, JsonObject } from '../../../domain/json.js';
import { type Call, type Cluster, vmidOf } from '../cluster.js';
import { rootDisk } from '../ct-config.js';
import { refuse } from '../failure.js';
import { kindOf, type StorageOption } from '../options.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { Container } from '../state.js';
import { figures, nodeFigures, storageFigures } from '../figures.js';

function guestResource(cluster: Cluster, container: Container): JsonObject {
  const { vmid, node, config } = container;
  const stats = cluster.stats.of(vmid);
  const pool = Object.entries(cluster.store.state.pools).find(([, { vms }]) => vms.includes(vmid))?.[0];
  const ha = cluster.store.state.ha.resources[`ct:${vmid}`];
  const known: JsonObject = stats
    ? {
        name: stats.name,
        status: stats.running ? 'running' : 'stopped',
        template: stats.template ? 1 : 0,
        maxcpu: Number(config['cores'] ?? 1),
        maxmem: Number(config['memory'] ?? 512) * 1024 ** 2,
        maxdisk: rootDisk(config).bytes,
        diskread: 0,
        diskwrite: 0,
        ...figures(stats.usage),
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
    ...(ha?.state === undefined ? {} : { hastate: ha.state }),
  };
}

function nodeResources(cluster: Cluster): JsonObject[] {
  return cluster.nodes.map(({ node, online }) => ({
    id: `node/${node}`,
    type: 'node',
    node,
    status: online ? 'online' : 'offline',
    ...(online ? { level: '', 'cgroup-mode': 2, ...nodeFigures(cluster, node) } : {}),
  }));
}

function storageResource(cluster: Cluster, storage: StorageOption, node: string): JsonObject {
  const { used, total } = storageFigures(cluster, storage, node);
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
        .map((storage) => storageResource(cluster, storage, node)),
    );
}

function resources({ cluster, values }: Call): Json {
  const wanted = (type: string): boolean => values['type'] === undefined || values['type'] === type;
  const { containers, pools } = cluster.store.state;
  return [
    ...(values['type'] === undefined
      ? Object.keys(pools).map((pool) => ({ id: `/pool/${pool}`, type: 'pool', pool }))
      : []),
    ...(wanted('vm') ? Object.values(containers).map((each) => guestResource(cluster, each)) : []),
    ...(wanted('node') ? nodeResources(cluster) : []),
    ...(wanted('storage') ? storageResources(cluster) : []),
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
