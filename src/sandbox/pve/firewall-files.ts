/** The firewall file of each VMID. Proxmox reads and writes the file even if no container has this VMID. */
import type { Cluster } from './cluster.js';

export function firewallFile({ store }: Cluster, vmid: number): Record<string, string> {
  const found = store.state.containers[vmid];
  if (found) return found.firewall;
  const { strayFirewalls = {} } = store.state;
  return strayFirewalls[vmid] ?? {};
}

export function writeFirewallFile({ store }: Cluster, vmid: number, file: Record<string, string>): void {
  const found = store.state.containers[vmid];
  if (found) found.firewall = file;
  else store.state.strayFirewalls = { ...store.state.strayFirewalls, [vmid]: file };
}

/** If an earlier request left a firewall file for this VMID, the new container uses this file. */
export function takeStrayFirewall({ store }: Cluster, vmid: number): Record<string, string> {
  const { [vmid]: own = {}, ...rest } = store.state.strayFirewalls ?? {};
  store.state.strayFirewalls = rest;
  return own;
}
