/** /access/permissions. */
import type { Json } from '../../../kernel/json.js';
import { type Call, poolOf } from '../cluster.js';
import { heldOn } from '../grants.js';
import { demand } from '../permissions.js';
import type { Route } from '../route.js';

const word = { type: 'string', optional: 1 } as const;
/**
 * If the request contains no path, Proxmox lists these paths in addition to the paths that have an entry in the access
 * control list.
 */
const TOP = ['/', '/access', '/access/groups', '/nodes', '/pool', '/sdn', '/storage', '/vms'];

function permissions({ cluster, user: caller, values }: Call): Json {
  const { userid = caller, path } = values;
  const { grants } = cluster;
  const on = (who: 'user' | 'token', at: string): ReadonlySet<string> =>
    heldOn(grants, who, at, (vmid) => poolOf(cluster, vmid));
  if (userid !== caller) demand(cluster, '/access', 'Sys.Audit');
  const [owner = ''] = cluster.token.split('!');
  if (userid !== cluster.token && userid !== owner) return {};
  const who = userid === owner ? 'user' : 'token';
  const paths =
    path === undefined
      ? [...new Set([...TOP, ...Object.keys(grants.user), ...Object.keys(grants.token)])]
      : [path];
  const found = paths.map(
    (at) => [at, Object.fromEntries([...on(who, at)].map((name) => [name, 1]))] as const,
  );
  return Object.fromEntries(found.filter(([, held]) => path !== undefined || Object.keys(held).length > 0));
}

export const accessRoutes: readonly Route[] = [
  { method: 'GET', path: '/access/permissions', properties: { path: word, userid: word }, run: permissions },
];
