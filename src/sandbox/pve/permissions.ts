/**
 * Implements the permission checks of Proxmox in the same way as Proxmox's own code (pve-access-control,
 * RPCEnvironment.pm), with the same error messages.
 */
import { type Cluster, poolOf } from './cluster.js';
import { PveError } from './failure.js';
import { heldOn } from './grants.js';

/** Throws the error that Proxmox's function `raise_perm_exc` causes: status 403. */
export function refusePermission(what?: string): never {
  throw new PveError(
    403,
    what === undefined ? 'Permission check failed' : `Permission check failed (${what})`,
  );
}

function held(cluster: Cluster, path: string): ReadonlySet<string> {
  return heldOn(cluster.grants, 'token', path, (vmid) => poolOf(cluster, vmid));
}

/** Returns whether the caller has all of the privileges. */
export function may(cluster: Cluster, path: string, ...privileges: readonly string[]): boolean {
  const found = held(cluster, path);
  return privileges.every((one) => found.has(one));
}

export function mayAny(cluster: Cluster, path: string, ...privileges: readonly string[]): boolean {
  const found = held(cluster, path);
  return privileges.some((one) => found.has(one));
}

export function demand(cluster: Cluster, path: string, ...privileges: readonly string[]): void {
  const found = held(cluster, path);
  for (const one of privileges) if (!found.has(one)) refusePermission(`${path}, ${one}`);
}

export function demandAny(cluster: Cluster, path: string, ...privileges: readonly string[]): void {
  if (!mayAny(cluster, path, ...privileges)) refusePermission(`${path}, ${privileges.join('|')}`);
}

/**
 * Implements Proxmox's function `check_vm_perm`. For a new guest, checks the privileges on the pool to which it is
 * added. For an existing guest, checks the privileges on the guest, which include those on its current pool.
 */
export function demandOnGuest(
  cluster: Cluster,
  vmid: number,
  pool: string | undefined,
  privilege: string,
): void {
  if (pool !== undefined && may(cluster, `/pool/${pool}`, privilege)) return;
  demand(cluster, `/vms/${vmid}`, privilege);
}

/** Implements `check_bridge_access`: checks the VLAN if one is set, otherwise the bridge itself. */
export function demandBridge(cluster: Cluster, net: Readonly<Record<string, string>>): void {
  const { bridge, tag } = net;
  if (bridge === undefined) return;
  const path = `/sdn/zones/localnetwork/${bridge}`;
  demand(cluster, tag === undefined ? path : `${path}/${tag}`, 'SDN.Use');
}

/**
 * Returns a function that decides whether a list shows a guest to the caller. The pools are read only once, when this
 * function is created.
 */
export function guestFilter(cluster: Cluster, privilege = 'VM.Audit'): (vmid: number) => boolean {
  const pools = new Map<number, string>();
  for (const [name, { vms }] of Object.entries(cluster.store.state.pools))
    for (const vmid of vms) pools.set(vmid, name);
  return (vmid) => heldOn(cluster.grants, 'token', `/vms/${vmid}`, (one) => pools.get(one)).has(privilege);
}
