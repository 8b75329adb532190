/** /cluster/ha/rules, which only 9.x has. */
import { audit, change, console, digestOf, flag, merged, numbered, prefixed, word } from './ha-options.js';
import type { Json, JsonObject } from '../../../kernel/json.js';
import { type Properties, UNKNOWN } from '../check.js';
import { type Call, type Cluster, refuseStale } from '../cluster.js';
import { listOf } from '../ha.js';
import { die, refuse } from '../failure.js';
import { PATH_PROPERTIES, type Route } from '../route.js';

const ruleOptions: Properties = {
  affinity: { ...word, enum: ['positive', 'negative'] },
  comment: { ...word, maxLength: 4096 },
  disable: flag,
  nodes: { ...word, format: 'pve-ha-node-list' },
  strict: flag,
  type: { type: 'string', enum: ['node-affinity', 'resource-affinity'] },
};

/** Throws if the rule has unknown nodes, or resources that HA does not manage or that another rule already contains. */
function refuseUnfit(cluster: Cluster, name: string, rule: Readonly<Record<string, string>>): void {
  const { resources, rules } = cluster.store.state.ha;
  const requested = listOf(rule['resources']);
  const unmanaged = requested.filter((each) => !resources[each]);
  if (unmanaged.length > 0) die(`cannot use unmanaged resource(s) ${unmanaged.join(', ')}.`);
  if (rule['type'] !== 'node-affinity') return;
  for (const entry of listOf(rule['nodes'])) {
    const node = entry.split(':')[0] ?? '';
    if (!cluster.nodes.some((each) => each.node === node)) die(`cannot use non-existent node(s) ${node}.`);
  }
  for (const [other, known] of Object.entries(rules)) {
    if (other === name || known['type'] !== 'node-affinity') continue;
    const twice = listOf(known['resources']).find((each) => requested.includes(each));
    if (twice !== undefined)
      die(
        `400 Rule '${name}' is invalid.\nresources: resource '${twice}' is already used in another node affinity rule`,
      );
  }
}

/** `order` is the position of the rule in the file, from 1. */
function shownRule({ cluster }: Call, rule: string, known: Readonly<Record<string, string>>): JsonObject {
  const order = Object.keys(cluster.store.state.ha.rules).indexOf(rule) + 1;
  return { rule, ...numbered(known), order, digest: digestOf(known) };
}

function rules(call: Call): Json {
  const { cluster, values } = call;
  return Object.entries(cluster.store.state.ha.rules)
    .filter(([, known]) => values['type'] === undefined || known['type'] === values['type'])
    .filter(
      ([, known]) =>
        values['resource'] === undefined || listOf(known['resources']).includes(values['resource']),
    )
    .map(([rule, known]) => shownRule(call, rule, known));
}

function showRule(call: Call): Json {
  const { rule = '' } = call.values;
  const known = call.cluster.store.state.ha.rules[rule] ?? die(`no such ha rule '${rule}'`);
  return shownRule(call, rule, known);
}

function addRule(call: Call): Json {
  const { ha } = call.cluster.store.state;
  const { rule = '' } = call.values;
  const made = merged(call, {}, [...Object.keys(ruleOptions), 'resources']);
  refuseIncomplete(made);
  prefixed('create ha rule failed', () => {
    if (ha.rules[rule]) die(`HA rule '${rule}' already defined`);
    refuseUnfit(call.cluster, rule, made);
    ha.rules[rule] = made;
  });
  return null;
}

function changeRule(call: Call): Json {
  refuseUntyped(call.values);
  const { rules: all } = call.cluster.store.state.ha;
  const { rule = '' } = call.values;
  prefixed('update HA rules failed', () => {
    const known = all[rule];
    refuseStale(call.values['digest'], digestOf(known));
    if (!known) return die(`HA rule '${rule}' does not exist`);
    const made = merged(call, known, [...Object.keys(ruleOptions), 'resources']);
    refuseUnfit(call.cluster, rule, made);
    all[rule] = made;
  });
  return null;
}

/** Throws if a property is missing. The error names the part of the schema that describes the type of the rule. */
function refuseIncomplete(rule: Readonly<Record<string, string>>): void {
  const { type = '' } = rule;
  const demanded = ['resources', type === 'node-affinity' ? 'nodes' : 'affinity'];
  const missing = demanded.filter((name) => rule[name] === undefined);
  if (missing.length === 0) return;
  const absent = 'property is missing and it is not optional';
  refuse(Object.fromEntries(missing.map((name) => [`oneOf[${type}].${name}`, absent])));
}

/** Checks the properties of a rule, which depend on its type. Without a type, all properties are unknown. */
function refuseUntyped(values: Readonly<Record<string, string>>): void {
  if (values['type'] !== undefined) return;
  const typed = [...Object.keys(ruleOptions), 'resources'].filter((name) => values[name] !== undefined);
  refuse({
    type: 'property is missing and it is not optional',
    ...Object.fromEntries(typed.map((name) => [name, UNKNOWN])),
  });
}

export const haRuleRoutes: readonly Route[] = [
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
      resources: { ...word, format: 'pve-ha-resource-id-list' },
    },
    privilege: console,
    run: addRule,
  },
  {
    method: 'GET',
    path: '/cluster/ha/rules/{rule}',
    only: '9.1',
    privilege: audit,
    run: showRule,
  },
  {
    method: 'PUT',
    path: '/cluster/ha/rules/{rule}',
    only: '9.1',
    properties: {
      ...ruleOptions,
      ...change,
      type: { ...ruleOptions['type'], optional: 1 },
      resources: { ...word, format: 'pve-ha-resource-id-list' },
    },
    privilege: console,
    run: changeRule,
  },
  {
    method: 'DELETE',
    path: '/cluster/ha/rules/{rule}',
    only: '9.1',
    privilege: console,
    /** Deletes a rule. The response is the same if there is no such rule. */
    run({ cluster, values }) {
      Reflect.deleteProperty(cluster.store.state.ha.rules, values['rule'] ?? '');
      return null;
    },
  },
];
