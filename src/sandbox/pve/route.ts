/** Declares and finds the API methods of the simulated Proxmox. */
import type { Json } from '../../kernel/json.js';
import type { Call, Cluster } from './cluster.js';
import type { Properties, Property } from './check.js';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** e.g. `/nodes/{node}/lxc/{vmid}/clone` */
  readonly path: string;
  /** The parameters in addition to those in the path. */
  readonly properties?: Properties;
  /** The only release that has the method. Absent if all releases have it. */
  readonly only?: '9.1' | '8.4';
  /** The parameters that release 8.4 does not support yet. */
  readonly newer?: readonly string[];
  /** The caller needs at least one of these privileges on this path. `{vmid}` in the path is replaced with the VMID. */
  readonly privilege?: readonly [path: string, ...any: string[]];
  /**
   * Checks further requirements for the caller, before the parameters are checked. Throws an error with status 403.
   */
  readonly permit?: (cluster: Cluster, values: Readonly<Record<string, string>>) => void;
  /** True for a GET that needs root. The node's daemon handles it, as it handles every change. */
  readonly protected?: true;
  /** The type of the task that the method starts, so that the response with the fault `lie` can contain a task ID. */
  readonly task?: string;
  run(call: Call): Promise<Json> | Json;
}

const vmid: Property = { type: 'integer', format: 'pve-vmid', minimum: 100, maximum: 999_999_999 };
const snapname: Property = { type: 'string', format: 'pve-configid', maxLength: 40 };
const configId: Property = { type: 'string', format: 'pve-configid' };

/** The parameters in paths, by name. They have the same meaning in every path. */
export const PATH_PROPERTIES: Properties = {
  vmid,
  snapname,
  node: { type: 'string', format: 'pve-node' },
  storage: { type: 'string', format: 'pve-storage-id' },
  upid: { type: 'string' },
  sid: { type: 'string', format: 'pve-ha-resource-or-vm-id' },
  rule: configId,
  group: configId,
  poolid: { type: 'string', format: 'pve-poolid' },
};

export interface FoundRoute {
  readonly route: Route;
  readonly path: Readonly<Record<string, string>>;
}

export type Finder = (method: string, path: string) => FoundRoute | undefined;

interface Pattern {
  readonly route: Route;
  readonly names: readonly string[];
  readonly expression: RegExp;
}

function patternOf(route: Route): Pattern {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const expression = new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`);
  return { route, names, expression };
}

export function routeFinder(routes: readonly Route[], version: '9.1' | '8.4'): Finder {
  const patterns = routes.filter(({ only }) => only === undefined || only === version).map(patternOf);
  return (method, path) => {
    for (const { route, names, expression } of patterns) {
      if (route.method !== method) continue;
      const found = expression.exec(path);
      if (!found) continue;
      const values = names.map((name, index): [string, string] => [
        name,
        decodeURIComponent(found[index + 1] ?? ''),
      ]);
      return { route, path: Object.fromEntries(values) };
    }
    return undefined;
  };
}

export function propertiesOf({ route, path }: FoundRoute, version: '9.1' | '8.4'): Properties {
  const named = Object.keys(path).map((name): [string, Property] => [
    name,
    PATH_PROPERTIES[name] ?? { type: 'string' },
  ]);
  const known = Object.entries(route.properties ?? {}).filter(
    ([name]) => version === '9.1' || route.newer?.includes(name) !== true,
  );
  return Object.fromEntries([...known, ...named]);
}
