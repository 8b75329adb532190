/**
 * The privileges that the simulated Proxmox's user and token have on each path. They are computed in the same way as
 * Proxmox computes them from its access control list.
 */
import { Type } from 'typebox';
import { Value } from 'typebox/value';

/**
 * Maps paths to privileges. The privileges on a path also apply to the paths below it, unless a path below has a
 * separate entry.
 */
export type Acl = Readonly<Record<string, readonly string[]>>;

export interface Grants {
  /**
   * True if the token has separate entries in the access control list. In this case, the token has a privilege only if
   * both its own entry and the entry of its user contain it.
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

/** The grants if none are configured: all privileges on all paths. */
export function fullGrants(): Grants {
  return { privsep: false, user: { '/': ALL_PRIVILEGES }, token: {} };
}

/** Parses the grants in a request. Throws RangeError if they are invalid. */
export function parseGrants(value: unknown): Grants {
  if (Value.Check(GrantsSchema, value)) return value;
  throw new RangeError(
    'privsep, user and token are required; user and token are objects: path -> privileges',
  );
}

/** `poolOf` returns the pool of a container. Privileges on the pool also apply to the container. */
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
