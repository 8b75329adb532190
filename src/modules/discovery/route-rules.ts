/** The rules for what a module declares about requests that reach it. */
import { Type } from 'typebox';
import type { JsonObject } from '../../kernel/json.js';
import type { Declarations, DeclaredRoute, DeclaredRoutes } from '../kit/declarations.js';
import { CONFIGURATION, ROUTE_METHODS } from '../kit/routes.js';

const closed = { additionalProperties: false } as const;
const KEY = '^[a-z][a-z0-9-]{0,39}$';
const ROUTE_NAME = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$';
const MOST_ROUTES = 200;
const MOST_PARTS = 12;
/** Parts of a path: fixed ones, and parameters in braces. */
const PATH =
  '^(?:[A-Za-z0-9._~-]+|\\{[a-z][A-Za-z0-9_]{0,39}\\})(?:/(?:[A-Za-z0-9._~-]+|\\{[a-z][A-Za-z0-9_]{0,39}\\}))*$';

const Limit = Type.Integer({ minimum: 1, maximum: 6_000 });
const Title = Type.String({ minLength: 1, maxLength: 200 });
const Path = Type.String({ pattern: PATH, maxLength: 300 });
const PermissionKey = Type.String({ minLength: 1, maxLength: 40 });
const Route = Type.Object(
  {
    method: Type.Enum([...ROUTE_METHODS]),
    path: Path,
    permission: PermissionKey,
    name: Type.Union([Type.String({ pattern: ROUTE_NAME }), Type.Null()]),
    rateLimit: Type.Union([Limit, Type.Null()]),
    input: Type.Union([Type.Unsafe<JsonObject>({ type: 'object' }), Type.Null()]),
  },
  closed,
);

export const RoutesSchema = Type.Object(
  {
    permissions: Type.Array(
      Type.Object(
        { key: Type.String({ pattern: KEY }), name: Title, description: Type.String({ maxLength: 2_000 }) },
        closed,
      ),
      { maxItems: 100 },
    ),
    api: Type.Array(Route, { maxItems: MOST_ROUTES }),
    pages: Type.Array(Route, { maxItems: MOST_ROUTES }),
    sidebar: Type.Array(
      Type.Object(
        {
          title: Title,
          link: Path,
          activeLinks: Type.Array(Path, { maxItems: 50 }),
          permission: PermissionKey,
        },
        closed,
      ),
      { maxItems: 50 },
    ),
    static: Type.Array(
      Type.Object(
        { name: Type.String({ pattern: ROUTE_NAME }), method: Type.Enum(['GET', 'POST']), rateLimit: Limit },
        closed,
      ),
      { maxItems: 100 },
    ),
    webhooks: Type.Object({ get: Type.Boolean(), post: Type.Boolean(), rateLimit: Limit }, closed),
  },
  closed,
);

type Declared = Pick<Declarations, 'info' | 'routes' | 'instance' | 'abilities'>;

/** What is wrong, beginning with the place in the declarations; undefined if nothing is. */
export function problemOfRoutes({ info, routes, instance, abilities }: Declared): string | undefined {
  return (
    problemOfPermissions(routes) ??
    problemOfList('adminApiRoutes', routes, routes.api) ??
    problemOfList('adminWebRoutes', routes, routes.pages) ??
    problemOfSidebar(routes) ??
    problemOfType(info.type, instance, abilities)
  );
}

function problemOfPermissions({ permissions }: DeclaredRoutes): string | undefined {
  const keys = permissions.map(({ key }) => key);
  const built = keys.indexOf(CONFIGURATION);
  if (built >= 0)
    return `permissions.${built} has the key "${CONFIGURATION}", which every module has without declaring it`;
  const at = secondOf(keys);
  return at === undefined
    ? undefined
    : `permissions.${at} has the key "${keys[at] ?? ''}" of another permission`;
}

function problemOfList(
  list: string,
  routes: DeclaredRoutes,
  declared: readonly DeclaredRoute[],
): string | undefined {
  for (const [at, route] of declared.entries()) {
    const { method, path, permission } = route;
    const where = `${list}.${at} (${method} ${path})`;
    const parts = path.split('/');
    if (parts.length > MOST_PARTS) return `${where} has more than ${MOST_PARTS} parts`;
    const twice = secondOf(parts.filter((part) => part.startsWith('{')));
    if (twice !== undefined) return `${where} has a parameter twice`;
    if (!isKnown(routes, permission))
      return `${where} has the permission "${permission}", which is not declared`;
  }
  const same = secondOf(declared.map(({ method, path }) => `${method} ${path.replace(/\{[^}]*\}/g, '{}')}`));
  if (same !== undefined) return `${list}.${same} has the method and path of another route`;
  const names = declared.map(({ name }, at) => name ?? `\0${at}`);
  const named = secondOf(names);
  return named === undefined
    ? undefined
    : `${list}.${named} has the name "${names[named] ?? ''}" of another route`;
}

function problemOfSidebar(routes: DeclaredRoutes): string | undefined {
  const pages = routes.pages.filter(({ method }) => method === 'GET').map(({ path }) => path);
  for (const [at, { link, activeLinks, permission }] of routes.sidebar.entries()) {
    const where = `sidebar.${at}`;
    if (link.includes('{'))
      return `${where} has the link "${link}": a link in the sidebar must not contain a parameter`;
    const unknown = [link, ...activeLinks].find((one) => !pages.includes(one));
    if (unknown !== undefined) return `${where} names the page "${unknown}", which is not in adminWebRoutes`;
    if (!isKnown(routes, permission))
      return `${where} has the permission "${permission}", which is not declared`;
  }
  const same = secondOf(routes.sidebar.map(({ link }) => link));
  return same === undefined ? undefined : `sidebar.${same} has the link of another entry`;
}

/** The method without which a module of the type is of no use. */
const NEEDED = { notification: 'send', payment: 'checkout' } as const;

function problemOfType(
  type: Declared['info']['type'],
  instance: Declared['instance'],
  abilities: Declared['abilities'],
): string | undefined {
  if (type === 'product' || type === 'plugin')
    return instance === null ? undefined : `instance must not exist in a module of the type ${type}`;
  if (instance === null)
    return `instance is missing: a ${type} module must describe the data of its instances`;
  return abilities.includes(NEEDED[type]) ? undefined : `default export has no method ${NEEDED[type]}`;
}

function isKnown({ permissions }: DeclaredRoutes, key: string): boolean {
  return key === CONFIGURATION || permissions.some((one) => one.key === key);
}

/** The index of the first value that also stands before it. */
function secondOf(values: readonly string[]): number | undefined {
  const at = values.findIndex((value, index) => values.indexOf(value) < index);
  return at < 0 ? undefined : at;
}
