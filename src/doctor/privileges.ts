/** Every privilege of Proxmox that we use, where, and what for: the one list. `innkeeper doctor` holds the token against it. */
import type { ProxmoxConfig } from '../config/config.js';

export type Place = 'guests' | 'storage' | 'os template' | 'network' | 'cluster';

export interface Privilege {
  readonly place: Place;
  readonly name: string;
  readonly why: string;
}

export const PRIVILEGES: readonly Privilege[] = [
  { place: 'guests', name: 'VM.Allocate', why: 'make and destroy containers, and make templates of them' },
  { place: 'guests', name: 'VM.Audit', why: 'see containers, their state and settings' },
  { place: 'guests', name: 'VM.Clone', why: 'make containers from the template' },
  { place: 'guests', name: 'VM.PowerMgmt', why: 'start and stop containers' },
  { place: 'guests', name: 'VM.Config.CPU', why: "set a plan's cores" },
  { place: 'guests', name: 'VM.Config.Memory', why: "set a plan's memory and swap" },
  { place: 'guests', name: 'VM.Config.Disk', why: "grow the disk to a plan's" },
  { place: 'guests', name: 'VM.Config.Network', why: 'set address, hostname, name server and firewall' },
  { place: 'guests', name: 'VM.Config.Options', why: 'set the mark in the description, tags, start at boot' },
  { place: 'guests', name: 'VM.Snapshot', why: 'make and remove backups' },
  { place: 'guests', name: 'VM.Snapshot.Rollback', why: 'go back to a backup' },
  { place: 'storage', name: 'Datastore.AllocateSpace', why: 'make root disks' },
  { place: 'storage', name: 'Datastore.Audit', why: 'see free space and what the storage is able to do' },
  { place: 'os template', name: 'Datastore.Audit', why: 'read the OS template' },
  { place: 'network', name: 'SDN.Use', why: 'connect containers to the bridge' },
  { place: 'cluster', name: 'Sys.Audit', why: "see the nodes' load and the state of high availability" },
];

/** Only with high availability. */
export const HA_PRIVILEGE: Privilege = {
  place: 'cluster',
  name: 'Sys.Console',
  why: 'make and remove HA resources and rules',
};

/** Roles that hold what a place needs: built in, or ours with the privileges of the list. */
export const ROLES: Readonly<Record<Place, { readonly role: string; readonly own: boolean }>> = {
  guests: { role: 'Innkeeper', own: true },
  storage: { role: 'PVEDatastoreUser', own: false },
  'os template': { role: 'PVEDatastoreUser', own: false },
  network: { role: 'PVESDNUser', own: false },
  cluster: { role: 'InnkeeperCluster', own: true },
};

export interface NeededPrivilege extends Privilege {
  /** Where the API looks whether we hold it. */
  readonly path: string;
}

/** What this configuration needs. */
export function neededPrivileges(config: ProxmoxConfig): NeededPrivilege[] {
  const all = config.ha.enabled ? [...PRIVILEGES, HA_PRIVILEGE] : PRIVILEGES;
  return all.flatMap((one) => {
    const path = pathOf(one.place, config);
    return path === undefined ? [] : [{ ...one, path }];
  });
}

function pathOf(place: Place, config: ProxmoxConfig): string | undefined {
  const { pool, storage, os_template: volume, bridge, vlan } = config;
  if (place === 'guests') return pool === null ? '/vms' : `/pool/${pool}`;
  if (place === 'storage') return `/storage/${storage}`;
  if (place === 'os template')
    return volume === null ? undefined : `/storage/${volume.split(':', 1)[0] ?? ''}`;
  if (place === 'network') return `/sdn/zones/localnetwork/${bridge}${vlan === null ? '' : `/${vlan}`}`;
  return '/';
}

/** Commands for `pveum` that give a user or a token what is missing, whatever it holds already. */
export function grantCommands(
  missing: readonly NeededPrivilege[],
  holders: { readonly user?: string; readonly token?: string },
): string[] {
  const commands: string[] = [];
  for (const { place, path } of new Map(missing.map((one) => [`${one.place} ${one.path}`, one])).values()) {
    const { role, own } = ROLES[place];
    if (own) {
      const names = [...PRIVILEGES, HA_PRIVILEGE]
        .filter((one) => one.place === place)
        .map(({ name }) => name);
      const wanted = names.filter(
        (name) => name !== HA_PRIVILEGE.name || missing.some((one) => one.name === name),
      );
      const quoted = `"${wanted.join(' ')}"`;
      commands.push(
        `pveum role add ${role} --privs ${quoted} || pveum role modify ${role} --append 1 --privs ${quoted}`,
      );
    }
    if (holders.user !== undefined)
      commands.push(`pveum acl modify ${path} --users ${holders.user} --roles ${role}`);
    if (holders.token !== undefined)
      commands.push(`pveum acl modify ${path} --tokens '${holders.token}' --roles ${role}`);
  }
  return [...new Set(commands)];
}
