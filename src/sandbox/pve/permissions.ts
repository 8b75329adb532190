/**
 * Implements Proxmox's permission checks as in its own code (pve-access-control, RPCEnvironment.pm), with the message
 * of each refusal.
 */
import { type Cluster, poolOf } from './cluster.js';
import { PveError } from './failure.js';
import { heldOn } from './grants.js';

/** `raise_perm_exc`: 403. */
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
 * Implements `check_vm_perm`: checks the pool to which a new guest is added, or an existing guest including its
 * current pool.
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

/** Returns a function that decides which guests a list may show. The pools are read only once. */
export function guestFilter(cluster: Cluster, privilege = 'VM.Audit'): (vmid: number) => boolean {
  const pools = new Map<number, string>();
  for (const [name, { vms }] of Object.entries(cluster.store.state.pools))
    for (const vmid of vms) pools.set(vmid, name);
  return (vmid) => heldOn(cluster.grants, 'token', `/vms/${vmid}`, (one) => pools.get(one)).has(privilege);
}
