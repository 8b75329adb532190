/** The named formats of Proxmox parameters that the simulated Proxmox needs, with Proxmox's own error messages. */
import { isIP, isIPv4, isIPv6 } from 'node:net';

/** Returns the error message, or undefined if the value is valid. */
export type FormatCheck = (value: string) => string | undefined;

const VMID = /^[1-9][0-9]{2,8}$/;
const CONFIG_ID = /^[a-z][a-z0-9_-]+$/i;
const NODE = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
const DNS_NAME = /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)*[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
const STORAGE_ID = /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i;
const POOL_ID = /^[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+){0,2}$/;
const TAG = /^[a-z0-9_][a-z0-9_\-+.]*$/i;
const VOLUME_ID = /^[a-z][a-z0-9\-_.]*[a-z0-9]:.+$/i;
const HA_RESOURCE = /^(?:ct|vm):[1-9][0-9]{2,8}$/;
const HA_NODE = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?::\d+)?$/;

const matching =
  (pattern: RegExp, complaint: (value: string) => string): FormatCheck =>
  (value) =>
    pattern.test(value) ? undefined : complaint(value);

const each =
  (check: FormatCheck, separator = /[,;\s\0]+/): FormatCheck =>
  (value) => {
    for (const item of value.split(separator)) {
      if (item === '') continue;
      const complaint = check(item);
      if (complaint !== undefined) return complaint;
    }
    return undefined;
  };

const cidr =
  (family: 4 | 6): FormatCheck =>
  (value) => {
    const [address = '', prefix = '', ...rest] = value.split('/');
    const bits = Number(prefix);
    const fits =
      rest.length === 0 &&
      isIP(address) === family &&
      /^\d{1,3}$/.test(prefix) &&
      bits >= (family === 4 ? 8 : 1) &&
      bits <= (family === 4 ? 32 : 128);
    return fits ? undefined : `value does not look like a valid ipv${family} network configuration`;
  };

const wordOr =
  (words: readonly string[], check: FormatCheck): FormatCheck =>
  (value) =>
    words.includes(value) ? undefined : check(value);

const vmid = matching(VMID, () => 'value does not look like a valid VM ID');
const node = matching(NODE, () => 'value does not look like a valid node name');
const configId = matching(CONFIG_ID, (value) => `invalid configuration ID '${value}'`);
const dnsName = matching(DNS_NAME, () => 'value does not look like a valid DNS name');
const storageId = matching(STORAGE_ID, (value) => `storage ID '${value}' contains illegal characters`);
const tag = matching(TAG, () => 'invalid characters in tag');
const haResource = matching(HA_RESOURCE, () => 'value does not look like a valid ha resource id');
const haNode = matching(HA_NODE, () => 'value does not look like a valid ha node name');
const content = matching(/^[a-z]+$/, () => 'invalid content type');
const ip: FormatCheck = (value) => (isIP(value) ? undefined : 'value is not a valid IP address');

export const FORMATS: Readonly<Record<string, FormatCheck>> = {
  'pve-vmid': vmid,
  'pve-vmid-list': each(vmid),
  'pve-node': node,
  'pve-node-list': each(node),
  'pve-configid': configId,
  'pve-configid-list': each(configId),
  'dns-name': dnsName,
  'dns-name-list': each(dnsName),
  'pve-storage-id': storageId,
  'pve-storage-id-list': each(storageId),
  'pve-storage-content': content,
  'pve-storage-content-list': each(content),
  'pve-poolid': matching(POOL_ID, (value) => `invalid pool name '${value}'`),
  'pve-tag': tag,
  'pve-tag-list': each(tag),
  'pve-volume-id': matching(VOLUME_ID, (value) => `unable to parse volume ID '${value}'`),
  'pve-lxc-mp-string': (value) => (value.includes('..') ? 'volume or path contains ".."' : undefined),
  'pve-ha-resource-or-vm-id': (value) => (VMID.test(value) ? undefined : haResource(value)),
  'pve-ha-resource-id': haResource,
  'pve-ha-resource-id-list': each(haResource),
  'pve-ha-node-list': each(haNode),
  'lxc-ip-with-ll-iface-list': each((value) => ip(value.replace(/%\w+$/, ''))),
  'disk-size': matching(/^\d+(?:\.\d+)?[KMGT]?$/, () => 'invalid disk size'),
  'mac-addr': matching(
    /^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i,
    () => 'value does not look like a valid unicast MAC address',
  ),
  ipv4: (value) => (isIPv4(value) ? undefined : 'value does not look like a valid IPv4 address'),
  ipv6: (value) => (isIPv6(value) ? undefined : 'value does not look like a valid IPv6 address'),
  ip,
  'pve-ipv4-config': wordOr(['dhcp', 'manual'], cidr(4)),
  'pve-ipv6-config': wordOr(['auto', 'dhcp', 'manual'], cidr(6)),
  'pve-startup-order': matching(
    /^(?:(?:order=)?\d+)?(?:,?(?:up|down)=\d+)*$/,
    () => 'unable to parse startup options',
  ),
  'pve-task-status-type-list': each(
    matching(/^(?:ok|error|warning|unknown)$/i, (value) => `invalid status '${value}'`),
  ),
  'pve-ct-timezone': matching(/^(?:host|[A-Za-z0-9_+\-/]+)$/, () => 'invalid time zone'),
};
