/**
 * Authenticates API tokens, and checks the privileges that a path declares. If a token is rejected, the 401 response
 * contains the message of the simulated release.
 */
import type { Cluster } from './cluster.js';
import { PveError } from './failure.js';
import { demandAny } from './permissions.js';
import type { FoundRoute } from './route.js';

export interface Token {
  /** `user@realm!name` */
  readonly id: string;
  readonly secret: string;
}

function unauthorized(version: '9.1' | '8.4', old: string): never {
  throw new PveError(401, version === '9.1' ? 'Authentication failed!' : old);
}

/** Returns the ID of the token, which identifies the caller. */
export function authenticate(header: string | undefined, token: Token, version: '9.1' | '8.4'): string {
  const [, given = ''] = /(?:^|\s)PVEAPIToken(?:=| )([^;]*)/.exec(header ?? '') ?? [];
  if (given === '') throw new PveError(401, 'No ticket');
  const [, id, secret] = /^(.*)=(.*)$/.exec(given) ?? [];
  if (id === undefined || secret === undefined) return unauthorized(version, 'no tokenid specified');
  const [, user, name] = /^([^\s!]+@[^\s!]+)!([A-Za-z][A-Za-z0-9.\-_]+)$/.exec(id) ?? [];
  if (user === undefined || name === undefined)
    return unauthorized(version, `value '${id}' does not look like a valid token ID`);
  const [known = '', knownName = ''] = token.id.split('!');
  if (user !== known) unauthorized(version, `no such user ('${user}')`);
  if (name !== knownName) unauthorized(version, `no such token '${name}' for user '${user}'`);
  if (secret !== token.secret) unauthorized(version, 'invalid token value!');
  return token.id;
}

/** Checks the privileges that the path itself declares, before the parameters are checked. */
export function authorize(
  { route, path }: FoundRoute,
  values: Readonly<Record<string, string>>,
  cluster: Cluster,
): void {
  if (route.privilege) {
    const [place, ...any] = route.privilege;
    const at = place.replaceAll(/\{(\w+)\}/g, (_, name: string) => path[name] ?? values[name] ?? '');
    demandAny(cluster, at, ...any);
  }
  route.permit?.(cluster, { ...values, ...path });
}
