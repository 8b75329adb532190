/**
 * Collects what a module declares about requests that reach it. This code runs in the process that reads the module.
 */
import type { Module } from '../kit/module.js';

/** Requests per minute, if the module does not declare a limit. */
const STATIC_LIMIT = 120;
const WEBHOOK_LIMIT = 600;

type Fields = Readonly<Record<string, unknown>>;

/**
 * The answer is checked against a schema afterwards, so values of a wrong type are passed on as they are. Throws an
 * Error for a handler that does not exist.
 */
export function declaredRoutes(module: Module): { routes: unknown; instance: unknown } {
  const member = (name: string): unknown => Reflect.get(module, name);
  return {
    routes: {
      permissions: each(member('permissions'), (one) => ({ description: '', ...one })),
      api: each(member('adminApiRoutes'), (one, at) => routeOf(module, `adminApiRoutes.${at}`, one)),
      pages: each(member('adminWebRoutes'), (one, at) => routeOf(module, `adminWebRoutes.${at}`, one)),
      sidebar: each(member('sidebar'), sidebarEntryOf),
      static: staticRoutesOf(module, member('staticRoutes') ?? {}),
      webhooks: webhooksOf(module, member('webhooks') ?? {}),
    },
    instance: member('instance') ?? null,
  };
}

function each(list: unknown, change: (one: Fields, at: number) => unknown): unknown {
  if (list === undefined || list === null) return [];
  return Array.isArray(list) ? list.map((one: unknown, at) => (isObject(one) ? change(one, at) : one)) : list;
}

function routeOf(module: Module, at: string, { handler, ...route }: Fields): unknown {
  const { method, path } = route;
  refuseUnknown(module, `${at} (${String(upper(method))} ${String(path)})`, handler);
  return {
    ...{ name: null, rateLimit: null, input: null },
    ...route,
    ...{ method: upper(method), path: trimmed(path) },
  };
}

function sidebarEntryOf({ link, activeLinks, ...entry }: Fields): unknown {
  const active = Array.isArray(activeLinks) ? activeLinks.map(trimmed) : (activeLinks ?? [trimmed(link)]);
  return { ...entry, link: trimmed(link), activeLinks: active };
}

function staticRoutesOf(module: Module, routes: unknown): unknown {
  if (!isObject(routes)) return routes;
  return Object.entries(routes).map(([name, route]) => {
    if (!isObject(route)) return route;
    const { handler, method = 'GET', ...rest } = route;
    refuseUnknown(module, `staticRoutes.${name}`, handler);
    return { rateLimit: STATIC_LIMIT, ...rest, name, method: upper(method) };
  });
}

function webhooksOf(module: Module, webhooks: unknown): unknown {
  if (!isObject(webhooks)) return webhooks;
  const { get, post, ...rest } = webhooks;
  const [other] = Object.keys(rest).filter((name) => name !== 'rateLimit');
  if (other !== undefined) throw new Error(`its webhooks.${other} is unknown: handlers are get and post`);
  for (const [name, handler] of Object.entries({ get, post }))
    if (handler !== undefined) refuseUnknown(module, `webhooks.${name}`, handler);
  return { rateLimit: WEBHOOK_LIMIT, ...rest, get: get !== undefined, post: post !== undefined };
}

function refuseUnknown(module: Module, at: string, handler: unknown): void {
  if (typeof handler === 'function') return;
  if (typeof handler !== 'string') throw new Error(`its ${at} has no handler`);
  if (typeof Reflect.get(module, handler) !== 'function')
    throw new Error(`its ${at} has the handler "${handler}", and the module has no method of this name`);
}

function upper(method: unknown): unknown {
  return typeof method === 'string' ? method.toUpperCase() : method;
}

/** Slashes at both ends are left out. */
function trimmed(path: unknown): unknown {
  return typeof path === 'string' ? path.replace(/^\/+|\/+$/g, '') : path;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
