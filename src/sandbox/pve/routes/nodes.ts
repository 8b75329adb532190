/** /nodes, with their status and storages. */
import type { Json, JsonObject } from '../../../kernel/json.js';
import { type Call, storageOnNode, vmidOf } from '../cluster.js';
import { rootDisk } from '../ct-config.js';
import { nodeUsage, storageUsage } from '../usage.js';
import { kindOf, type StorageOption } from '../options.js';
import { may, mayAny } from '../permissions.js';
import { PATH_PROPERTIES, type Route } from '../route.js';

const flag = { type: 'boolean', optional: 1 } as const;

function nodes({ cluster }: Call): Json {
  return cluster.nodes.map(({ node, online }) => ({
    id: `node/${node}`,
    type: 'node',
    node,
    status: online ? 'online' : 'offline',
    ssl_fingerprint: '',
    ...(online ? { level: '', ...nodeUsage(cluster, node) } : {}),
  }));
}

function nodeStatus({ cluster, values }: Call): Json {
  const usage = nodeUsage(cluster, values['node'] ?? '');
  const total = Number(usage['maxmem']);
  const used = Number(usage['mem']);
  const disk = { total: Number(usage['maxdisk']), used: Number(usage['disk']) };
  return {
    cpu: usage['cpu'] ?? 0,
    cpuinfo: {
      cpus: usage['maxcpu'] ?? 1,
      cores: usage['maxcpu'] ?? 1,
      sockets: 1,
      model: 'sandbox',
    },
    loadavg: ['0.10', '0.12', '0.09'],
    memory: { total, used, free: total - used, available: total - used },
    rootfs: { ...disk, free: disk.total - disk.used, avail: disk.total - disk.used },
    uptime: usage['uptime'] ?? 0,
    pveversion: cluster.version === '9.1' ? 'pve-manager/9.1.9/a1b2c3d4' : 'pve-manager/8.4.14/b2c3d4e5',
  };
}

/**
 * As Proxmox for the type `any_bridge`, lists only the networks that the caller is allowed to use. A caller with
 * Sys.Audit gets all networks.
 */
function networks({ cluster, values }: Call): Json {
  const bridge = {
    iface: 'vmbr0',
    type: 'bridge',
    active: 1,
    autostart: 1,
    bridge_ports: 'eno1',
    method: 'static',
    priority: 3,
  };
  const path = `/sdn/zones/localnetwork/${bridge.iface}`;
  const below = Object.keys({ ...cluster.grants.user, ...cluster.grants.token }).filter((each) =>
    each.startsWith(`${path}/`),
  );
  // a privilege on one of its VLANs is enough to see the bridge
  const visible = [path, ...below].some((each) => mayAny(cluster, each, 'SDN.Audit', 'SDN.Use'));
  return visible && (values['type'] === undefined || /bridge$/.test(values['type'])) ? [bridge] : [];
}

function storageStatus(call: Call, storage: StorageOption): JsonObject {
  const { used, total } = storageUsage(call.cluster, storage, call.values['node'] ?? '');
  return {
    type: storage.type,
    content: storage.content.join(','),
    active: 1,
    enabled: 1,
    shared: kindOf(storage).shared ? 1 : 0,
    total,
    used,
    avail: total - used,
  };
}

function storages(call: Call): Json {
  const { node = '', content, storage } = call.values;
  return call.cluster.storages
    .filter((each) => each.nodes?.includes(node) ?? true)
    .filter((each) =>
      mayAny(call.cluster, `/storage/${each.storage}`, 'Datastore.Audit', 'Datastore.AllocateSpace'),
    )
    .filter((each) => storage === undefined || each.storage === storage)
    .filter((each) => content === undefined || content.split(',').some((kind) => each.content.includes(kind)))
    .map((each) => {
      const status = storageStatus(call, each);
      return {
        storage: each.storage,
        ...status,
        used_fraction: Number(status['used']) / Number(status['total']),
      };
    });
}

function content(call: Call): Json {
  const { cluster, values } = call;
  const { node = '', storage = '', content: wanted } = values;
  const option = storageOnNode(cluster, storage, node);
  const images = cluster.osTemplates
    .filter((volume) => volume.startsWith(`${storage}:`))
    .map((volid) => ({ volid, content: 'vztmpl', format: 'tzst', size: 126_515_062, ctime: 1_730_000_000 }));
  const disks = Object.values(cluster.store.state.containers)
    .filter((each) => kindOf(option).shared || each.node === node)
    .filter(({ config }) => rootDisk(config).storage === storage)
    .map(({ vmid, config }) => {
      const { volume, bytes } = rootDisk(config);
      return { volid: volume, content: 'rootdir', format: 'raw', size: bytes, ctime: 1_730_000_000, vmid };
    })
    .filter(({ vmid }) => values['vmid'] === undefined || vmid === vmidOf(call))
    // a volume is listed only if the caller is allowed to change the disks of its guest
    .filter(({ vmid }) => may(cluster, `/vms/${vmid}`, 'VM.Config.Disk'));
  return [...images, ...disks].filter((each) => wanted === undefined || each.content === wanted);
}

export const nodeRoutes: readonly Route[] = [
  { method: 'GET', path: '/nodes', run: nodes },
  {
    method: 'GET',
    path: '/nodes/{node}/status',
    privilege: ['/nodes/{node}', 'Sys.Audit'],
    run: nodeStatus,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/network',
    properties: { type: { type: 'string', optional: 1 } },
    run: networks,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage',
    properties: {
      content: { type: 'string', optional: 1, format: 'pve-storage-content-list' },
      enabled: flag,
      format: flag,
      storage: { type: 'string', optional: 1, format: 'pve-storage-id' },
      target: { type: 'string', optional: 1, format: 'pve-node' },
    },
    run: storages,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/content',
    properties: {
      content: { type: 'string', optional: 1, format: 'pve-storage-content' },
      vmid: { ...PATH_PROPERTIES['vmid'], optional: 1 },
    },
    privilege: ['/storage/{storage}', 'Datastore.Audit', 'Datastore.AllocateSpace'],
    run: content,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/status',
    privilege: ['/storage/{storage}', 'Datastore.Audit', 'Datastore.AllocateSpace'],
    run: (call) =>
      storageStatus(
        call,
        storageOnNode(call.cluster, call.values['storage'] ?? '', call.values['node'] ?? ''),
      ),
  },
];
