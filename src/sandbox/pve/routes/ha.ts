/** /cluster/ha: resources, rules (9.x), groups (8.4; dead in 9.x) and what the manager sees. */
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../../../domain/json.js';
import type { Properties } from '../check.js';
import type { Call, Cluster } from '../cluster.js';
import { die, refuse } from '../failure.js';
import { refuseInError, sidOf, vmidOfSid } from '../ha.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { HaService } from '../state.js';

const flag = { type: 'boolean', optional: 1 } as const;
const word = { type: 'string', optional: 1 } as const;
const count = { type: 'integer', optional: 1, minimum: 0 } as const;
const audit = ['/', 'Sys.Audit'] as const;
const console = ['/', 'Sys.Console'] as const;
const DEAD = 'ha groups have been migrated to rules';

const options: Properties = {
  comment: { ...word, maxLength: 4096 },
  failback: flag,
  group: { ...word, format: 'pve-configid' },
  max_relocate: count,
  max_restart: count,
  state: { ...word, enum: ['started', 'stopped', 'enabled', 'disabled', 'ignored'] },
};
const change: Properties = {
  delete: { ...word, format: 'pve-configid-list', maxLength: 4096 },
  digest: { ...word, maxLength: 64 },
};

const digestOf = (value: unknown): string => createHash('sha1').update(JSON.stringify(value)).digest('hex');

/** `101` and `ct:101` are the same. */
function sid(call: Call): string {
  const given = call.values['sid'] ?? '';
  return /^\d+$/.test(given) ? sidOf(Number(given)) : given;
}

function numbered(values: Readonly<Record<string, string>>): JsonObject {
  const shown = Object.entries(values).map(([key, value]): [string, Json] => [
    key,
    /^\d+$/.test(value) ? Number(value) : value,
  ]);
  return Object.fromEntries(shown);
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

function merged(
  call: Call,
  known: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> {
  const result = { ...known };
  for (const name of (call.values['delete'] ?? '').split(/[,;\s]+/)) Reflect.deleteProperty(result, name);
  for (const name of names) {
    const value = call.values[name];
    if (value !== undefined) result[name] = value;
  }
  // 'enabled' is an old word for 'started'
  if (result['state'] === 'enabled') result['state'] = 'started';
  return result;
}

function refuseGroup({ cluster, values }: Call): void {
  const { group } = values;
  if (group === undefined) return;
  if (cluster.version === '9.1') die(`invalid parameter 'group': ${DEAD}`);
  if (!cluster.store.state.ha.groups[group]) die(`no such group '${group}'`);
}

function addResource(call: Call): Json {
  const { state } = call.cluster.store;
  const name = sid(call);
  refuseGroup(call);
  if (!state.containers[vmidOfSid(name)]) die(`resource '${name}' does not exists in cluster`);
  if (state.ha.resources[name]) die(`resource ID '${name}' already defined`);
  const fresh = merged(call, { state: 'started' }, Object.keys(options));
  state.ha.resources[name] = { sid: name, options: fresh, failures: 0 };
  return null;
}

function changeResource(call: Call): Json {
  const service = resourceOf(call);
  refuseGroup(call);
  if (call.values['digest'] !== undefined && call.values['digest'] !== digestOf(service.options))
    die('detected modified configuration - file changed by other user? Try again.');
  refuseInError(service, call.values['state']);
  service.options = merged(call, service.options, Object.keys(options));
  return null;
}

function removeResource(call: Call): Json {
  const { state } = call.cluster.store;
  const { sid: name } = resourceOf(call);
  Reflect.deleteProperty(state.ha.resources, name);
  if (call.values['purge'] === '0') return null;
  for (const [rule, known] of Object.entries(state.ha.rules)) {
    const left = listOf(known['resources']).filter((each) => each !== name);
    if (left.length === 0) Reflect.deleteProperty(state.ha.rules, rule);
    else known['resources'] = left.join(',');
  }
  return null;
}

const listOf = (text: string | undefined): string[] =>
  (text ?? '').split(/[,;\s]+/).filter((each) => each !== '');

const ruleOptions: Properties = {
  affinity: { ...word, enum: ['positive', 'negative'] },
  comment: { ...word, maxLength: 4096 },
  disable: flag,
  nodes: { ...word, format: 'pve-ha-node-list' },
  strict: flag,
  type: { type: 'string', enum: ['node-affinity', 'resource-affinity'] },
};

/** What makes a rule unfit: unknown nodes, resources that are not managed or stand in another rule already. */
function refuseUnfit(cluster: Cluster, name: string, rule: Readonly<Record<string, string>>): void {
  const { resources, rules } = cluster.store.state.ha;
  const wished = listOf(rule['resources']);
  const unmanaged = wished.filter((each) => !resources[each]);
  if (unmanaged.length > 0) die(`cannot use unmanaged resource(s) ${unmanaged.join(', ')}.`);
  if (rule['type'] !== 'node-affinity') return;
  if (rule['nodes'] === undefined) refuse({ nodes: 'property is missing and it is not optional' });
  for (const entry of listOf(rule['nodes'])) {
    const node = entry.split(':')[0] ?? '';
    if (!cluster.nodes.some((each) => each.node === node)) die(`non-existing nodes specified: ${node}`);
  }
  for (const [other, known] of Object.entries(rules)) {
    if (other === name || known['type'] !== 'node-affinity') continue;
    const twice = listOf(known['resources']).find((each) => wished.includes(each));
    if (twice !== undefined)
      die(
        `Rule '${name}' is invalid.\n  ${name}: resource '${twice}' is already used in another node affinity rule`,
      );
  }
}

const shownRule = (rule: string, known: Readonly<Record<string, string>>): JsonObject => ({
  rule,
  ...numbered(known),
  digest: digestOf(known),
});

function rules({ cluster, values }: Call): Json {
  return Object.entries(cluster.store.state.ha.rules)
    .filter(([, known]) => values['type'] === undefined || known['type'] === values['type'])
    .filter(
      ([, known]) =>
        values['resource'] === undefined || listOf(known['resources']).includes(values['resource']),
    )
    .map(([rule, known]) => shownRule(rule, known));
}

function ruleOf(call: Call): [string, Record<string, string>] {
  const { rule = '' } = call.values;
  return [rule, call.cluster.store.state.ha.rules[rule] ?? die(`no such ha rule '${rule}'`)];
}

function addRule(call: Call): Json {
  const { ha } = call.cluster.store.state;
  const { rule = '' } = call.values;
  if (ha.rules[rule]) die(`HA rule '${rule}' already defined`);
  const made = merged(call, {}, [...Object.keys(ruleOptions), 'resources']);
  refuseUnfit(call.cluster, rule, made);
  ha.rules[rule] = made;
  return null;
}

function changeRule(call: Call): Json {
  const [rule, known] = ruleOf(call);
  const made = merged(call, known, [...Object.keys(ruleOptions), 'resources']);
  if (call.values['digest'] !== undefined && call.values['digest'] !== digestOf(known))
    die('detected modified configuration - file changed by other user? Try again.');
  refuseUnfit(call.cluster, rule, made);
  call.cluster.store.state.ha.rules[rule] = made;
  return null;
}

const groupOptions: Properties = {
  comment: { ...word, maxLength: 4096 },
  nodes: { ...word, format: 'pve-ha-node-list' },
  nofailback: flag,
  restricted: flag,
  type: { ...word, enum: ['group'] },
};

/** Groups still have their paths in 9.x, where each answers that they are gone. */
const alive =
  (verb: string, run: (call: Call) => Json) =>
  (call: Call): Json =>
    call.cluster.version === '9.1' ? die(`cannot ${verb}: ${DEAD}`) : run(call);

function groupOf(call: Call): [string, Record<string, string>] {
  const { group = '' } = call.values;
  return [group, call.cluster.store.state.ha.groups[group] ?? die(`no such ha group '${group}'`)];
}

function addGroup(call: Call): Json {
  const { group = '' } = call.values;
  const { groups } = call.cluster.store.state.ha;
  if (groups[group]) die(`ha group ID '${group}' already defined`);
  groups[group] = merged(call, {}, Object.keys(groupOptions));
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

export const haRoutes: readonly Route[] = [
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
    properties: { ...options, ...change },
    privilege: console,
    run: changeResource,
  },
  {
    method: 'DELETE',
    path: `${resources}/{sid}`,
    properties: { purge: flag },
    privilege: console,
    run: removeResource,
  },
  {
    method: 'GET',
    path: '/cluster/ha/rules',
    only: '9.1',
    properties: { type: { ...ruleOptions['type'], optional: 1 }, resource: word },
    privilege: audit,
    run: rules,
  },
  {
    method: 'POST',
    path: '/cluster/ha/rules',
    only: '9.1',
    properties: {
      ...ruleOptions,
      rule: { ...PATH_PROPERTIES['rule'] },
      resources: { type: 'string', format: 'pve-ha-resource-id-list' },
    },
    privilege: console,
    run: addRule,
  },
  {
    method: 'GET',
    path: '/cluster/ha/rules/{rule}',
    only: '9.1',
    privilege: audit,
    run: (call) => shownRule(...ruleOf(call)),
  },
  {
    method: 'PUT',
    path: '/cluster/ha/rules/{rule}',
    only: '9.1',
    properties: { ...ruleOptions, ...change, resources: { ...word, format: 'pve-ha-resource-id-list' } },
    privilege: console,
    run: changeRule,
  },
  {
    method: 'DELETE',
    path: '/cluster/ha/rules/{rule}',
    only: '9.1',
    privilege: console,
    run(call) {
      const [rule] = ruleOf(call);
      Reflect.deleteProperty(call.cluster.store.state.ha.rules, rule);
      return null;
    },
  },
  {
    method: 'GET',
    path: '/cluster/ha/groups',
    privilege: audit,
    run: alive('index groups', ({ cluster }) =>
      Object.entries(cluster.store.state.ha.groups).map(([group, known]) => ({
        group,
        type: 'group',
        ...numbered(known),
      })),
    ),
  },
  {
    method: 'POST',
    path: '/cluster/ha/groups',
    properties: { ...groupOptions, group: { ...PATH_PROPERTIES['group'] } },
    privilege: console,
    run: alive('create group', addGroup),
  },
  {
    method: 'GET',
    path: '/cluster/ha/groups/{group}',
    privilege: audit,
    run: alive('read group', (call) => {
      const [group, known] = groupOf(call);
      return { group, type: 'group', ...numbered(known), digest: digestOf(known) };
    }),
  },
  {
    method: 'PUT',
    path: '/cluster/ha/groups/{group}',
    properties: { ...groupOptions, ...change },
    privilege: console,
    run: alive('update group', (call) => {
      const [group, known] = groupOf(call);
      call.cluster.store.state.ha.groups[group] = merged(call, known, Object.keys(groupOptions));
      return null;
    }),
  },
  {
    method: 'DELETE',
    path: '/cluster/ha/groups/{group}',
    privilege: console,
    run: alive('delete group', (call) => {
      const [group] = groupOf(call);
      Reflect.deleteProperty(call.cluster.store.state.ha.groups, group);
      return null;
    }),
  },
];
