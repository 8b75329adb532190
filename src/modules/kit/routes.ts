/** What a module declares about requests that reach it: permissions, routes, webhooks and entries of the sidebar. */
import type { HandlerName } from './request.js';
import type { Schema } from './schema.js';

export const ROUTE_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
export type RouteMethod = (typeof ROUTE_METHODS)[number];

/** The permission that every module has without declaring it. */
export const CONFIGURATION = 'configuration';

/** A permission of the module. Tokens get it as `module:<type>/<name>:<key>`. */
export interface ModulePermission {
  /** Lower-case letters, digits and hyphens. */
  readonly key: string;
  readonly name: string;
  readonly description?: string;
}

/**
 * A route below `/modules/{type}/{name}/api/`. A part of the path in braces is a parameter.
 *
 * @example
 * adminApiRoutes = [
 *   { method: 'GET', path: 'server/{uuid}', permission: 'view-servers', handler: 'showServer' },
 * ];
 */
export interface AdminRoute {
  readonly method: RouteMethod | Lowercase<RouteMethod>;
  /** Such as `server/{uuid}`, without a slash at the beginning. */
  readonly path: string;
  /** The key of a permission of the module, or `configuration`. */
  readonly permission: string;
  /** No two routes of the list have the same name. */
  readonly name?: string;
  /** Requests per minute of one token, 1 to 6,000. Default: the limits of the API. */
  readonly rateLimit?: number;
  /** JSON Schema of the body, of the type `object`. A body that does not match is refused with 422. */
  readonly input?: Schema;
  readonly handler: HandlerName;
}

/** A route at `/modules/{type}/{name}/static/<name of the route>`, which needs no token. */
export interface StaticRoute {
  /** Default: `GET`. */
  readonly method?: 'GET' | 'POST' | 'get' | 'post';
  /** Requests per minute of one address, 1 to 6,000. Default: 120. */
  readonly rateLimit?: number;
  readonly handler: HandlerName;
}

/**
 * The handlers of `/webhooks/{type}/{name}/{instance}`, which needs no token. A handler must verify who has sent the
 * request, for example with `context.crypto.verify`. Modules without instances have one address, with the instance
 * `default`.
 */
export interface Webhooks {
  readonly get?: HandlerName;
  readonly post?: HandlerName;
  /** Requests per minute of one instance, 1 to 6,000. Default: 600. */
  readonly rateLimit?: number;
}

/** An entry of the dashboard's sidebar. */
export interface SidebarEntry {
  readonly title: string;
  /** The `path` of a page in `adminWebRoutes` without parameters. */
  readonly link: string;
  /** Pages on which the entry is shown as active, as in `adminWebRoutes`. Default: `link`. */
  readonly activeLinks?: readonly string[];
  /** The key of a permission of the module, or `configuration`. */
  readonly permission: string;
}
