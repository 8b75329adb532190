/** Who may call: API tokens, the 401 phrases of each release, and a simple check of privileges. */
import { type Cluster, poolOf } from './cluster.js';
import { PveError } from './failure.js';
import { heldOn } from './grants.js';
import type { FoundRoute } from './route.js';

export interface Token {
  /** `user@realm!name` */
  readonly id: string;
  readonly secret: string;
}

function unauthorized(version: '9.1' | '8.4', old: string): never {
  throw new PveError(401, version === '9.1' ? 'Authentication failed!' : old);
}

/** Returns the user, as tasks show it. */
export function authenticate(header: string | undefined, token: Token, version: '9.1' | '8.4'): string {
  if (header === undefined) throw new PveError(401, 'No ticket');
  const [, id, secret] = /^PVEAPIToken=([^=]+)=(.+)$/.exec(header) ?? [];
  if (id === undefined || secret === undefined) throw new PveError(401, 'No ticket');
  const [user = '', name = ''] = id.split('!');
  const [known = '', knownName = ''] = token.id.split('!');
  if (user !== known) unauthorized(version, `no such user ('${user}')`);
  if (name !== knownName) unauthorized(version, `no such token '${name}' for user '${user}'`);
  if (secret !== token.secret) unauthorized(version, 'invalid token value!');
  return token.id;
}

export function authorize(
  { route, path }: FoundRoute,
  values: Readonly<Record<string, string>>,
  cluster: Cluster,
): void {
  if (!route.privilege) return;
  const [place, ...any] = route.privilege;
  const at = place.replaceAll(/\{(\w+)\}/g, (_, name: string) => path[name] ?? values[name] ?? '');
  const wanted = values['pool'];
  const pool = (vmid: number): string | undefined => poolOf(cluster, vmid) ?? wanted;
  const held = heldOn(cluster.grants, 'token', at, pool);
  if (any.some((privilege) => held.has(privilege))) return;
  throw new PveError(403, `Permission check failed (${at}, ${any.join('|')})`);
}
