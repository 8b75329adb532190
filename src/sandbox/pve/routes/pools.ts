/** /pools. */
import type { Json, JsonObject } from '../../../kernel/json.js';
import { addToPool, type Call, removeFromPools } from '../cluster.js';
import { die } from '../failure.js';
import { may } from '../permissions.js';
import { PATH_PROPERTIES, type Route } from '../route.js';

const flag = { type: 'boolean', optional: 1 } as const;
const word = { type: 'string', optional: 1 } as const;
const poolid = { ...PATH_PROPERTIES['poolid'] };

function members({ cluster }: Call, name: string): JsonObject[] {
  const { pools, containers } = cluster.store.state;
  return (pools[name]?.vms ?? []).flatMap((vmid) => {
    const found = containers[vmid];
    if (!found) return [];
    const { node, config } = found;
    return [{ id: `lxc/${vmid}`, type: 'lxc', vmid, node, name: config['hostname'] ?? '' }];
  });
}

function list(call: Call): Json {
  const { pools } = call.cluster.store.state;
  const { poolid: only } = call.values;
  if (only !== undefined && !pools[only]) die(`pool '${only}' does not exist`);
  return Object.entries(pools)
    .filter(([name]) =>
      only === undefined ? may(call.cluster, `/pool/${name}`, 'Pool.Audit') : name === only,
    )
    .map(([name, { comment }]) => ({
      poolid: name,
      comment,
      ...(only === undefined ? {} : { members: members(call, name) }),
    }));
}

function make(call: Call): Json {
  const { pools } = call.cluster.store.state;
  const { poolid: name = '', comment = '' } = call.values;
  if (pools[name]) die(`create pool failed: pool '${name}' already exists`);
  pools[name] = { comment, vms: [] };
  return null;
}

function change(call: Call): Json {
  const { cluster, values } = call;
  const { poolid: name = '', comment, vms } = values;
  const pool = cluster.store.state.pools[name] ?? die(`update pools failed: pool '${name}' does not exist`);
  if (comment !== undefined) pool.comment = comment;
  for (const vmid of (vms ?? '')
    .split(/[,;\s]+/)
    .filter((each) => each !== '')
    .map(Number)) {
    const holder = Object.entries(cluster.store.state.pools).find(([, each]) => each.vms.includes(vmid))?.[0];
    if (values['delete'] === '1') {
      if (holder !== name) die(`update pools failed: VM ${vmid} is not a pool member`);
      removeFromPools(cluster, vmid);
      continue;
    }
    if (holder !== undefined && holder !== name && values['allow-move'] !== '1')
      die(`update pools failed: VM ${vmid} belongs already to pool '${holder}' and 'allow-move' is not set`);
    addToPool(cluster, name, vmid);
  }
  return null;
}

const changes = {
  'allow-move': flag,
  comment: word,
  delete: flag,
  storage: { ...word, format: 'pve-storage-id-list' },
  vms: { ...word, format: 'pve-vmid-list' },
};

export const poolRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/pools',
    properties: {
      poolid: { ...poolid, optional: 1 },
      type: { ...word, enum: ['qemu', 'lxc', 'storage'], requires: 'poolid' },
    },
    run: list,
  },
  {
    method: 'POST',
    path: '/pools',
    properties: { poolid, comment: word },
    privilege: ['/pool/{poolid}', 'Pool.Allocate'],
    run: make,
  },
  {
    method: 'PUT',
    path: '/pools',
    properties: { ...changes, poolid },
    privilege: ['/pool/{poolid}', 'Pool.Allocate'],
    run: change,
  },
  {
    method: 'PUT',
    path: '/pools/{poolid}',
    properties: changes,
    privilege: ['/pool/{poolid}', 'Pool.Allocate'],
    run: change,
  },
  {
    method: 'GET',
    path: '/pools/{poolid}',
    privilege: ['/pool/{poolid}', 'Pool.Audit'],
    properties: { type: { ...word, enum: ['qemu', 'lxc', 'storage'] } },
    run(call) {
      const { poolid: name = '' } = call.values;
      const { comment } = call.cluster.store.state.pools[name] ?? die(`pool '${name}' does not exist`);
      return { poolid: name, comment, members: members(call, name) };
    },
  },
];
