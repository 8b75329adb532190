/**
 * The single list of all Proxmox privileges that the agent needs, with their paths and purposes. `innkeeper doctor`
 * checks the token against this list, the sandbox grants its token exactly these privileges, and a test compares the
 * commands in docs/installing.md with it. Source: Proxmox's own checks (pve-container `check_ct_modify_config_perm`
 * and API2, pve-access-control RPCEnvironment.pm).
 */
import type { PoolNetwork } from '../../../model/guest.js';
import type { ProxmoxConfig } from './config.js';

/**
 * `guests`: the pool of the agent's containers, or all guests if no pool is configured. `every guest`: all guests of
 * the cluster.
 */
export type Place = 'guests' | 'every guest' | 'storage' | 'os template' | 'network' | 'cluster';

export interface Privilege {
  readonly place: Place;
  readonly name: string;
  /** The purpose of the privilege, as the continuation of a sentence after "to". */
  readonly why: string;
  /** Required only with high availability. */
  readonly ha?: true;
}

export const PRIVILEGES: readonly Privilege[] = [
  {
    place: 'guests',
    name: 'VM.Allocate',
    why: 'create and destroy containers, and convert them to templates',
  },
  { place: 'guests', name: 'VM.Clone', why: 'create containers from the template' },
  { place: 'guests', name: 'VM.PowerMgmt', why: 'start and stop containers' },
  { place: 'guests', name: 'VM.Config.CPU', why: 'set the cores of a plan' },
  { place: 'guests', name: 'VM.Config.Memory', why: 'set the memory and swap of a plan' },
  {
    place: 'guests',
    name: 'VM.Config.Disk',
    why: 'create the root disk and grow it to the size of the plan',
  },
  {
    place: 'guests',
    name: 'VM.Config.Network',
    why: 'set net0, hostname, name server, search domain and firewall options',
  },
  {
    place: 'guests',
    name: 'VM.Config.Options',
    why: "set description (the agent's mark), tags and onboot, and grow the disk",
  },
  { place: 'guests', name: 'VM.Snapshot', why: 'create and remove backups, and roll back to them' },
  {
    place: 'every guest',
    name: 'VM.Audit',
    why:
      'see containers while they are created and after they are destroyed, and addresses in use ' +
      'outside the pool',
  },
  { place: 'storage', name: 'Datastore.AllocateSpace', why: 'create and grow root disks' },
  { place: 'storage', name: 'Datastore.Audit', why: 'see free space and the capabilities of the storage' },
  {
    place: 'os template',
    name: 'Datastore.Audit',
    why: 'read the OS template, for `template build` and sites created from scratch',
  },
  { place: 'network', name: 'SDN.Use', why: 'connect containers to the bridge' },
  {
    place: 'cluster',
    name: 'Sys.Audit',
    why: 'see the load of the nodes and the state of high availability',
  },
  { place: 'cluster', name: 'Sys.Console', why: 'create and remove HA resources and rules', ha: true },
];

/**
 * The role that is granted at each place. It contains exactly the privileges that are needed there. It is a built-in
 * role of Proxmox, or a role for the agent with the privileges from the list.
 */
export const ROLES: Readonly<Record<Place, { readonly role: string; readonly own: boolean }>> = {
  guests: { role: 'Innkeeper', own: true },
  'every guest': { role: 'InnkeeperView', own: true },
  storage: { role: 'PVEDatastoreUser', own: false },
  'os template': { role: 'InnkeeperImages', own: true },
  network: { role: 'InnkeeperNetwork', own: true },
  cluster: { role: 'InnkeeperCluster', own: true },
};

/** The configuration keys that determine the privileges and their paths. */
export type PrivilegedConfig = Pick<
  ProxmoxConfig,
  'pool' | 'storage' | 'os_template' | 'bridge' | 'vlan' | 'ha'
> &
  Partial<Pick<ProxmoxConfig, 'image_storages'>> & {
    /** The networks of address pools that have a network of their own. */
    readonly networks?: readonly PoolNetwork[];
  };

export interface NeededPrivilege extends Privilege {
  /** Returns the path on which the API checks the privilege. */
  readonly path: string;
}

/** Returns the privileges that this configuration needs. */
export function neededPrivileges(config: PrivilegedConfig): NeededPrivilege[] {
  return PRIVILEGES.filter(({ ha }) => ha !== true || config.ha.enabled).flatMap((one) => {
    return pathsOf(one.place, config).map((path) => ({ ...one, path }));
  });
}

function pathsOf(place: Place, config: PrivilegedConfig): string[] {
  const { pool, storage } = config;
  if (place === 'guests') return [pool === null ? '/vms' : `/pool/${pool}`];
  if (place === 'every guest') return ['/vms'];
  if (place === 'storage') return [`/storage/${storage}`];
  if (place === 'os template') return imagePaths(config);
  return place === 'network' ? networkPaths(config) : ['/'];
}

function imagePaths({ os_template: volume, image_storages: images = [] }: PrivilegedConfig): string[] {
  const storages = [...(volume === null ? [] : [volume.split(':', 1)[0] ?? '']), ...images];
  return [...new Set(storages)].map((storage) => `/storage/${storage}`);
}

function networkPaths({ bridge, vlan, networks = [] }: PrivilegedConfig): string[] {
  const paths = [{ bridge, vlan }, ...networks].map(
    (one) => `/sdn/zones/localnetwork/${one.bridge ?? bridge}${one.vlan === null ? '' : `/${one.vlan}`}`,
  );
  return [...new Set(paths)];
}

/** Returns the privileges by path, as in an access control list. */
export function privilegesByPath(needed: readonly NeededPrivilege[]): Record<string, string[]> {
  const paths = [...new Set(needed.map(({ path }) => path))];
  return Object.fromEntries(
    paths.map((at) => [at, [...new Set(needed.filter(({ path }) => path === at).map(({ name }) => name))]]),
  );
}

export interface Holders {
  readonly user?: string;
  readonly token?: string;
}

interface Grant {
  readonly place: Place;
  readonly path: string;
  readonly names: readonly string[];
}

/** Returns one grant for each place in the list, with all privileges that are needed at this place. */
function grantsOf(needed: readonly NeededPrivilege[]): Grant[] {
  const places = new Map(needed.map((one) => [`${one.place} ${one.path}`, one]));
  return [...places.values()].map(({ place, path }) => ({
    place,
    path,
    names: PRIVILEGES.filter(
      (one) => one.place === place && (one.ha !== true || needed.some(({ name }) => name === one.name)),
    ).map(({ name }) => name),
  }));
}

function aclCommands({ place, path }: Grant, { user, token }: Holders): string[] {
  const { role } = ROLES[place];
  return [
    ...(user === undefined ? [] : [`pveum acl modify ${path} --users ${user} --roles ${role}`]),
    ...(token === undefined ? [] : [`pveum acl modify ${path} --tokens '${token}' --roles ${role}`]),
  ];
}

/**
 * Returns the `pveum` commands that grant a user or a token its missing privileges. They work regardless of which
 * roles already exist.
 */
export function grantCommands(missing: readonly NeededPrivilege[], holders: Holders): string[] {
  const commands = grantsOf(missing).flatMap((grant) => {
    const { role, own } = ROLES[grant.place];
    const privileges = `--privs "${grant.names.join(' ')}"`;
    return [
      ...(own
        ? [`pveum role add ${role} ${privileges} || pveum role modify ${role} --append 1 ${privileges}`]
        : []),
      ...aclCommands(grant, holders),
    ];
  });
  return [...new Set(commands)];
}

/**
 * Returns the `pveum` commands that grant a new user all privileges: first the roles, then the paths on which they
 * apply.
 */
export function setUpCommands(needed: readonly NeededPrivilege[], user: string): string[] {
  const grants = grantsOf(needed);
  const roles = grants
    .filter(({ place }) => ROLES[place].own)
    .map(({ place, names }) => `pveum role add ${ROLES[place].role} --privs "${names.join(' ')}"`);
  return [...roles, ...grants.flatMap((grant) => aclCommands(grant, { user }))];
}
