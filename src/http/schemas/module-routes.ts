/** The routes and permissions of a module in responses. */
import { type Static, Type } from 'typebox';
import { modulePermission } from '../../model/permissions.js';
import { CONFIGURATION } from '../../modules/kit/routes.js';
import type { ModuleRoute as DeclaredRoute, ModuleView } from '../../model/module-view.js';
import { list, nullable, text, whole, word } from './fields.js';

export const ModulePermission = Type.Object(
  {
    permission: text('The permission as tokens have it.', 'module:plugin/monitoring:view-checks'),
    name: text('The name of the permission.', 'View checks'),
    description: text('What the permission allows. The text can be empty.', 'Shows all checks.'),
  },
  { title: 'ModulePermission', description: 'A permission of a module.' },
);

export const ModuleRoute = Type.Object(
  {
    kind: word(
      ['api', 'static', 'webhook'],
      '`api`: needs a token with the permission. `static` and `webhook`: need no token.',
      'api',
    ),
    method: text('The HTTP method.', 'GET'),
    path: text(
      'The path of the route. Parts in braces are parameters.',
      '/modules/plugin/monitoring/api/checks/{id}',
    ),
    permission: nullable(
      text(
        'The permission that the token needs. The value is null if the route needs no token.',
        'module:plugin/monitoring:view-checks',
      ),
    ),
    rate_limit: nullable(
      whole(
        'Requests per minute: of one token (`api`), one address (`static`) or one instance (`webhook`). The ' +
          'value is null if only the limits of the API apply.',
        60,
      ),
    ),
  },
  { title: 'ModuleRoute', description: 'A route that a module serves.' },
);

export const SidebarEntry = Type.Object(
  {
    title: text('The title of the entry.', 'Checks'),
    link: text('The page to which the entry leads.', 'checks'),
    active_links: list('The pages on which the entry is shown as active.', ['checks']),
    permission: text('The permission that the entry needs.', 'module:plugin/monitoring:view-checks'),
  },
  { title: 'SidebarEntry', description: "An entry of the dashboard's sidebar." },
);

/** The permission that every module has. */
const BUILT_IN = {
  key: CONFIGURATION,
  name: 'Configuration',
  description: 'Change the configuration of the module.',
};

interface RoutesView {
  readonly permissions: Static<typeof ModulePermission>[];
  readonly routes: Static<typeof ModuleRoute>[];
  readonly sidebar: Static<typeof SidebarEntry>[];
}

/** All permissions that tokens can have for the module. */
export function permissionsOfModule({ type, name, routes }: ModuleView): string[] {
  const keys = routes ? [...routes.permissions.map(({ key }) => key), CONFIGURATION] : [];
  return keys.map((key) => modulePermission({ type, name }, key));
}

export function viewRoutes({ type, name, routes }: ModuleView): RoutesView {
  if (!routes) return { permissions: [], routes: [], sidebar: [] };
  const own = (key: string): string => modulePermission({ type, name }, key);
  const base = `/modules/${type}/${name}`;
  const { permissions, api, static: open, webhooks, sidebar } = routes;
  const methods = [...(webhooks.get ? ['GET'] : []), ...(webhooks.post ? ['POST'] : [])];
  return {
    permissions: [...permissions, BUILT_IN].map(({ key, ...said }) => ({ permission: own(key), ...said })),
    routes: [
      ...api.map(({ method, path, permission, rateLimit }: DeclaredRoute) => ({
        ...{ kind: 'api' as const, method, path: `${base}/api/${path}` },
        ...{ permission: own(permission), rate_limit: rateLimit },
      })),
      ...open.map((route) => ({
        ...{ kind: 'static' as const, method: route.method, path: `${base}/static/${route.name}` },
        ...{ permission: null, rate_limit: route.rateLimit },
      })),
      ...methods.map((method) => ({
        ...{ kind: 'webhook' as const, method, path: `/webhooks/${type}/${name}/{instance}` },
        ...{ permission: null, rate_limit: webhooks.rateLimit },
      })),
    ],
    sidebar: sidebar.map(({ title, link, activeLinks, permission }) => ({
      ...{ title, link, active_links: [...activeLinks], permission: own(permission) },
    })),
  };
}
