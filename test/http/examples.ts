/** One call of every route, as the description of the API shows it. */
import type { Json } from '../../src/kernel/json.js';
import { asObject, fields } from './harness.js';

export interface Example {
  readonly params?: { readonly [name: string]: string };
  readonly query?: { readonly [name: string]: string | number | boolean };
  readonly body?: Json;
}

/** By route as http/guards/access.ts names it: `POST /jobs/:id/retry`. */
export function examplesOf(document: Record<string, unknown>): ReadonlyMap<string, Example> {
  const found = new Map<string, Example>();
  for (const [path, item] of Object.entries(fields(document['paths'])))
    for (const [method, operation] of Object.entries(fields(item)))
      found.set(
        `${method.toUpperCase()} ${path.replace(/\{([a-z]+)\}/g, ':$1')}`,
        exampleOf(fields(operation)),
      );
  return found;
}

function exampleOf({ parameters, requestBody }: Record<string, unknown>): Example {
  const all = Array.isArray(parameters) ? parameters.map(fields) : [];
  const { example: body } = fields(fields(fields(requestBody)['content'])['application/json']);
  return {
    params: parametersIn(all, 'path'),
    query: parametersIn(all, 'query'),
    ...(body === undefined ? {} : { body: asObject(JSON.stringify({ body }))['body'] as Json }),
  };
}

function parametersIn(parameters: readonly Record<string, unknown>[], where: string): Record<string, string> {
  return Object.fromEntries(
    parameters
      .filter((parameter) => parameter['in'] === where && parameter['example'] !== undefined)
      .map((parameter) => [String(parameter['name']), String(parameter['example'])]),
  );
}

/** The path and query of a route's example. */
export function exampleUrl(route: string, { params = {}, query = {} }: Example): string {
  const path = route
    .slice(route.indexOf(' ') + 1)
    .replace(/:([a-z]+)/g, (_, name: string) => params[name] ?? name);
  const words = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
  return words.length > 0 ? `${path}?${new URLSearchParams(words).toString()}` : path;
}
