/** Finds the handler of a request in a module. */
import type { JsonObject } from '../../kernel/json.js';
import type { Module } from '../kit/module.js';
import type { AdminRoute } from '../kit/routes.js';
import type { Target } from './messages.js';

type Callable = (...args: unknown[]) => unknown;

/** Throws an Error if the module does not have it, which the declarations rule out. */
export function handlerOf(module: Module, target: Target): Callable {
  const named = target.kind === 'method' ? target.name : declaredHandler(module, target);
  const found: unknown = typeof named === 'string' ? Reflect.get(module, named) : named;
  if (typeof found !== 'function') throw new Error(`the module has no handler for ${labelOf(target)}`);
  return found as Callable;
}

function declaredHandler(module: Module, target: Exclude<Target, { kind: 'method' }>): unknown {
  if (target.kind === 'api') return apiRoute(module, target)?.handler;
  if (target.kind === 'static') {
    const { staticRoutes = {} } = module;
    return Object.hasOwn(staticRoutes, target.name) ? staticRoutes[target.name]?.handler : undefined;
  }
  return module.webhooks?.[target.method];
}

/** The schema that the route declares for its body. */
export function inputSchemaOf(module: Module, target: Target): JsonObject | undefined {
  const input = target.kind === 'api' ? apiRoute(module, target)?.input : undefined;
  return input as JsonObject | undefined;
}

function apiRoute(
  module: Module,
  { method, path }: { method: string; path: string },
): AdminRoute | undefined {
  return module.adminApiRoutes?.find(
    (route) => route.method.toUpperCase() === method && route.path.replace(/^\/+|\/+$/g, '') === path,
  );
}

/** Names the target in log lines. */
export function labelOf(target: Target): string {
  if (target.kind === 'api') return `${target.method} ${target.path}`;
  if (target.kind === 'webhook') return `webhook ${target.method}`;
  return `${target.kind === 'static' ? 'static ' : ''}${target.name}`;
}
