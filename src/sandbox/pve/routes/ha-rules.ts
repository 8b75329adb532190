/** /cluster/ha/rules, which only 9.x has. */
import { audit, change, console, digestOf, flag, merged, numbered, word } from './ha-options.js';
import type { Json, JsonObject } from '../../../domain/json.js';
import type { Properties } from '../check.js';
import type { Call, Cluster } from '../cluster.js';
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
];
