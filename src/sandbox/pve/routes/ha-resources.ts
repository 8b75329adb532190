/** /cluster/ha/resources, and the current state of the manager. */
import {
  audit,
  change,
  console,
  count,
  digestOf,
  flag,
  merged,
  numbered,
  prefixed,
  word,
} from './ha-options.js';
import type { Json, JsonObject } from '../../../kernel/json.js';
import type { Properties } from '../check.js';
import { type Call, refuseStale } from '../cluster.js';
import { die } from '../failure.js';
import { refuseInError, removeService, sidOf, vmidOfSid } from '../ha.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { HaService } from '../state.js';

export const DEAD = 'ha groups have been migrated to rules';

const options: Properties = {
  comment: { ...word, maxLength: 4096 },
  failback: flag,
  group: { ...word, format: 'pve-configid' },
  max_relocate: count,
  max_restart: count,
  state: { ...word, enum: ['started', 'stopped', 'enabled', 'disabled', 'ignored'] },
};
/** Normalizes the ID of a resource, because `101` and `ct:101` are the same. */
function sid(call: Call): string {
  const given = call.values['sid'] ?? '';
  return /^\d+$/.test(given) ? sidOf(Number(given)) : given;
}

function shownResource(service: HaService): JsonObject {
  return {
    sid: service.sid,
    type: service.sid.split(':')[0] ?? 'ct',
    ...numbered(service.options),
    digest: digestOf(service.options),
  };
}

function resourceOf(call: Call): HaService {
  const name = sid(call);
  return call.cluster.store.state.ha.resources[name] ?? die(`no such resource '${name}'`);
}

function refuseGroup({ cluster, values }: Call, method: 'POST' | 'PUT'): void {
  const { group } = values;
  if (group === undefined) return;
  if (cluster.version === '9.1') die(`invalid parameter 'group': ${DEAD}`);
  // PUT refuses a group that does not exist, but POST accepts it
  if (method === 'PUT' && !cluster.store.state.ha.groups[group]) die(`HA group '${group}' does not exist`);
}

function addResource(call: Call): Json {
  const { state } = call.cluster.store;
  const name = sid(call);
  refuseGroup(call, 'POST');
  if (!state.containers[vmidOfSid(name)]) die(`resource '${name}' does not exist in cluster`);
  if (state.ha.resources[name]) die(`create resource failed: resource ID '${name}' already defined`);
  const fresh = merged(call, { state: 'started' }, Object.keys(options));
  state.ha.resources[name] = { sid: name, options: fresh, failures: 0 };
  return null;
}

function changeResource(call: Call): Json {
  const name = sid(call);
  const service = call.cluster.store.state.ha.resources[name];
  refuseGroup(call, 'PUT');
  refuseInError(service, call.values['state']);
  prefixed('update resources config failed', () => {
    refuseStale(call.values['digest'], digestOf(service?.options));
    if (!service) return die(`no such resource '${name}'`);
    service.options = merged(call, service.options, Object.keys(options));
  });
  return null;
}

function removeResource(call: Call): Json {
  const name = sid(call);
  if (!call.cluster.store.state.ha.resources[name]) die(`cannot delete service '${name}', not HA managed!`);
  removeService(call.cluster, name, call.values['purge'] !== '0');
  return null;
}

function statusNow({ cluster }: Call): Json {
  const { state } = cluster.store;
  const timestamp = Math.floor(Date.now() / 1000);
  const master = cluster.nodes[0]?.node ?? '';
  return [
    { id: 'quorum', type: 'quorum', node: master, quorate: 1, status: 'OK' },
    { id: 'master', type: 'master', node: master, timestamp, status: `${master} (active)` },
    ...cluster.nodes.map(({ node }) => ({
      id: `lrm:${node}`,
      type: 'lrm',
      node,
      timestamp,
      status: `${node} (active)`,
    })),
    ...Object.values(state.ha.resources).map((service) => ({
      id: `service:${service.sid}`,
      type: 'service',
      sid: service.sid,
      node: state.containers[vmidOfSid(service.sid)]?.node ?? '',
      request_state: service.options['state'] ?? 'started',
      state: service.state ?? 'queued',
      crm_state: service.state ?? 'queued',
      status: `${service.sid} (${service.state ?? 'queued'})`,
    })),
  ];
}

const resources = '/cluster/ha/resources';
const typed = { type: { ...word, enum: ['ct', 'vm'] } };

export const haResourceRoutes: readonly Route[] = [
  { method: 'GET', path: '/cluster/ha/status/current', privilege: audit, run: statusNow },
  {
    method: 'GET',
    path: resources,
    properties: typed,
    privilege: audit,
    run: ({ cluster }) => Object.values(cluster.store.state.ha.resources).map(shownResource),
  },
  {
    method: 'POST',
    path: resources,
    newer: ['failback'],
    properties: { ...options, ...typed, sid: { ...PATH_PROPERTIES['sid'] } },
    privilege: console,
    run: addResource,
  },
  {
    method: 'GET',
    path: `${resources}/{sid}`,
    privilege: audit,
    run: (call) => shownResource(resourceOf(call)),
  },
  {
    method: 'PUT',
    path: `${resources}/{sid}`,
    newer: ['failback'],
    properties: { ...options, ...change },
    privilege: console,
    run: changeResource,
  },
  {
    method: 'DELETE',
    path: `${resources}/{sid}`,
    newer: ['purge'],
    properties: { purge: flag },
    privilege: console,
    run: removeResource,
  },
];
