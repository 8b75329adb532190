/** Finds the route of a module for a path. */
import type { DeclaredRoute } from '../kit/declarations.js';

export interface MatchedRoute<R extends Pick<DeclaredRoute, 'method' | 'path'>> {
  readonly route: R;
  readonly params: Readonly<Record<string, string>>;
}

export type Match<R extends Pick<DeclaredRoute, 'method' | 'path'>> =
  | MatchedRoute<R>
  /** Routes exist for the path, but not with this method. Empty: there are none. */
  | { readonly route: undefined; readonly methods: readonly string[] };

/**
 * `parts`: the decoded parts of the path. A fixed part of a pattern has precedence over a parameter, from left to
 * right.
 */
export function matchRoute<R extends Pick<DeclaredRoute, 'method' | 'path'>>(
  routes: readonly R[],
  method: string,
  parts: readonly string[],
): Match<R> {
  const fitting = routes
    .map((route) => ({ route, pattern: route.path.split('/') }))
    .filter(
      ({ pattern }) => pattern.length === parts.length && pattern.every((one, at) => fits(one, parts[at])),
    )
    .sort((a, b) => (rank(a.pattern) < rank(b.pattern) ? -1 : 1));
  const found = fitting.find(({ route }) => route.method === method);
  if (!found) return { route: undefined, methods: [...new Set(fitting.map(({ route }) => route.method))] };
  const params = found.pattern.flatMap((one, at): [string, string][] =>
    isParameter(one) ? [[one.slice(1, -1), parts[at] ?? '']] : [],
  );
  return { route: found.route, params: Object.fromEntries(params) };
}

function fits(pattern: string, part: string | undefined): boolean {
  return isParameter(pattern) ? part !== undefined && part !== '' : pattern === part;
}

function isParameter(pattern: string): boolean {
  return pattern.startsWith('{');
}

/** Sorts patterns by their first parameter: the later it is, the earlier the pattern. */
function rank(pattern: readonly string[]): string {
  return pattern.map((one) => (isParameter(one) ? '1' : '0')).join('');
}
