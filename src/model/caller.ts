/** On whose behalf an operation runs. */
import type { Permission } from './permissions.js';

export interface Caller {
  /** The name of the caller's token, for the log. */
  readonly name: string;
  readonly panel: string;
  readonly permissions: ReadonlySet<Permission>;
  readonly requestId: string;
}

export function mayDo(caller: Pick<Caller, 'permissions'>, needed: Permission): boolean {
  return caller.permissions.has('admin') || caller.permissions.has(needed);
}
