/** /cluster/ha/groups. Groups exist in release 8.4 and were removed in 9.x. */
import { audit, change, console, digestOf, flag, merged, numbered, word } from './ha-options.js';
import { DEAD } from './ha-resources.js';
import type { Json } from '../../../kernel/json.js';
import type { Properties } from '../check.js';
import type { Call } from '../cluster.js';
import { die } from '../failure.js';
import { PATH_PROPERTIES, type Route } from '../route.js';

const groupOptions: Properties = {
  comment: { ...word, maxLength: 4096 },
  nodes: { ...word, format: 'pve-ha-node-list' },
  nofailback: flag,
  restricted: flag,
};

/** In 9.x, the paths of groups still exist, but every request to them fails with a message that groups were removed. */
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

export const haGroupRoutes: readonly Route[] = [
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
    properties: {
      ...groupOptions,
      nodes: { type: 'string', format: 'pve-ha-node-list' },
      type: { ...word, enum: ['group'] },
      group: { ...PATH_PROPERTIES['group'] },
    },
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
