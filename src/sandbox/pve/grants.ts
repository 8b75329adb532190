/**
 * The privileges of the look-alike's user and token on each path, computed in the same way as by Proxmox from its
 * access control list.
 */
import { Type } from 'typebox';
import { Value } from 'typebox/value';

/**
 * Maps paths to privileges. The privileges also apply to the paths below, unless such a path has a separate entry.
 */
export type Acl = Readonly<Record<string, readonly string[]>>;

export interface Grants {
  /**
   * True if the token has separate entries. It then has only the privileges that both the token and its user have.
   */
  readonly privsep: boolean;
  readonly user: Acl;
  readonly token: Acl;
}

export const ALL_PRIVILEGES: readonly string[] =
  'Datastore.Allocate Datastore.AllocateSpace Datastore.Audit Datastore.AllocateTemplate Pool.Allocate Pool.Audit SDN.Audit SDN.Use Sys.Audit Sys.Console Sys.Modify VM.Allocate VM.Audit VM.Backup VM.Clone VM.Config.CPU VM.Config.Disk VM.Config.Memory VM.Config.Network VM.Config.Options VM.Migrate VM.PowerMgmt VM.Snapshot VM.Snapshot.Rollback'.split(
    ' ',
  );

const AclSchema = Type.Record(Type.String(), Type.Array(Type.String()));
const GrantsSchema = Type.Object({ privsep: Type.Boolean(), user: AclSchema, token: AclSchema });

/** The grants of a look-alike for which none are configured: all privileges on all paths. */
export function fullGrants(): Grants {
  return { privsep: false, user: { '/': ALL_PRIVILEGES }, token: {} };
}

/** Parses grants from a request. Throws RangeError. */
export function parseGrants(value: unknown): Grants {
  if (Value.Check(GrantsSchema, value)) return value;
  throw new RangeError(
    'privsep, user and token are required; user and token are objects: path -> privileges',
  );
}

/** `poolOf` returns the pool of a container. The privileges on the pool also apply to the container. */
export function heldOn(
  grants: Grants,
  who: 'user' | 'token',
  path: string,
  poolOf: (vmid: number) => string | undefined,
): ReadonlySet<string> {
  const ofUser = held(grants.user, path, poolOf);
  if (who === 'user' || !grants.privsep) return ofUser;
  const ofToken = held(grants.token, path, poolOf);
  return new Set([...ofUser].filter((privilege) => ofToken.has(privilege)));
}

function held(acl: Acl, path: string, poolOf: (vmid: number) => string | undefined): Set<string> {
  const [, vmid] = /^\/vms\/(\d+)$/.exec(path) ?? [];
  const pool = vmid === undefined ? undefined : poolOf(Number(vmid));
  return new Set([...nearest(acl, path), ...(pool === undefined ? [] : nearest(acl, `/pool/${pool}`))]);
}

function nearest(acl: Acl, path: string): readonly string[] {
  for (let at = path; at !== ''; at = at.slice(0, at.lastIndexOf('/'))) {
    const own = acl[at];
    if (own) return own;
  }
  return acl['/'] ?? [];
}
