/**
 * Creates the LXC configuration of one container. The container is unprivileged, its root file system is an id-mapped
 * mount, and LXC configures its address.
 */
import { join } from 'node:path';
import type { BackendContainer } from '../backend.js';
import { groupOf } from './cgroup.js';
import { limitLines } from './cgroup-limits.js';
import type { NetworkPlan } from './network.js';
import ipaddr from 'ipaddr.js';
import { ID_MAP } from './requirements.js';

export interface ConfigPlace {
  readonly namespace: string;
  readonly network: NetworkPlan;
  readonly rootfs: string;
  /** The script that attaches the veth interface to the bridge. */
  readonly bridgeHook: string;
}

const SHARED = '/usr/share/lxc/config';

export function renderContainerConfig(container: BackendContainer, place: ConfigPlace): string {
  const map = `0 ${ID_MAP.first} ${ID_MAP.count}`;
  return [
    `lxc.include = ${join(SHARED, 'common.conf')}`,
    `lxc.include = ${join(SHARED, 'userns.conf')}`,
    `lxc.idmap = u ${map}`,
    `lxc.idmap = g ${map}`,
    `lxc.rootfs.path = dir:${place.rootfs}`,
    'lxc.rootfs.options = idmap=container',
    'lxc.apparmor.profile = unconfined',
    `lxc.uts.name = ${container.hostname.split('.')[0] ?? container.hostname}`,
    `lxc.cgroup.dir = ${groupOf(place.namespace, container.vmid)}`,
    ...limitLines(container),
    ...networkLines(container, place.bridgeHook),
    '',
  ].join('\n');
}

function networkLines(container: BackendContainer, bridgeHook: string): string[] {
  if (container.hwaddr === '') return ['lxc.net.0.type = empty'];
  const lines = [
    'lxc.net.0.type = veth',
    'lxc.net.0.flags = up',
    'lxc.net.0.name = eth0',
    // The hardware address is fixed. If it changed, the host could not connect to the container until the host's ARP
    // entry expires, which took 70 s after a rollback.
    `lxc.net.0.hwaddr = ${container.hwaddr.toLowerCase()}`,
    `lxc.net.0.script.up = ${bridgeHook}`,
  ];
  if (container.ipv4 === null) return lines;
  const { address, prefix, gateway } = container.ipv4;
  // The broadcast address is given because LXC would derive a wrong one from the prefix alone.
  const broadcast = ipaddr.IPv4.broadcastAddressFromCIDR(`${address}/${prefix}`).toString();
  lines.push(`lxc.net.0.ipv4.address = ${address}/${prefix} ${broadcast}`);
  if (gateway !== null) lines.push(`lxc.net.0.ipv4.gateway = ${gateway}`);
  return lines;
}
