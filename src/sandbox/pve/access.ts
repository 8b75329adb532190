/** Who may call: API tokens, the 401 phrases of each release, and a simple check of privileges. */
import { PveError } from './failure.js';
import type { FoundRoute } from './route.js';

export interface Token {
  /** `user@realm!name` */
  readonly id: string;
  readonly secret: string;
  /** Absent = all. */
  readonly privileges?: readonly string[] | undefined;
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
  token: Token,
): void {
  if (!route.privilege || !token.privileges) return;
  const [place, ...any] = route.privilege;
  if (any.some((privilege) => token.privileges?.includes(privilege))) return;
  const at = place.replaceAll(/\{(\w+)\}/g, (_, name: string) => path[name] ?? values[name] ?? '');
  throw new PveError(403, `Permission check failed (${at}, ${any.join('|')})`);
}
