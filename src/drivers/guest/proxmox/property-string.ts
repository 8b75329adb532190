/**
 * Parses and formats Proxmox's property strings (`name=eth0,bridge=vmbr0`), the sizes in them, and the network device
 * of a container.
 */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { ProxmoxConfig } from './config.js';
import { formatMark, type Mark } from '../../../kernel/mark.js';
import type { NetworkAddress } from '../contract.js';

/** Returns a map of keys to values. A part without `=`, which is a volume, has the empty text as its key. */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const parts = text.split(',').filter((part) => part !== '');
  return new Map(
    parts.map((part) => {
      const at = part.indexOf('=');
      return at < 0 ? ['', part] : [part.slice(0, at), part.slice(at + 1)];
    }),
  );
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** Returns the number of bytes in a size such as `8G`, or undefined if the text is not a size. */
export function parseSize(text: string | undefined): number | undefined {
  const found = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text ?? '');
  const unit = UNITS[found?.[2] ?? ''];
  return found === null || unit === undefined ? undefined : Number(found[1]) * unit;
}

/** Returns the size of the root disk in the config, in bytes. */
export function rootDiskBytes(rootfs: string | undefined): number | undefined {
  return rootfs === undefined ? undefined : parseSize(parseProperties(rootfs).get('size'));
}

/**
 * The largest normal difference between the size of a file system and the size of its volume, as a share of the
 * volume.
 */
const OVERHEAD = 0.05;
const SMALL_BYTES = 64 * 2 ** 20;

/**
 * Returns whether a file system of this size is too small for its volume of `volumeBytes`. Zero means that its size
 * is unknown.
 */
export function isShortOf(fileSystemBytes: number, volumeBytes: number): boolean {
  return fileSystemBytes > 0 && fileSystemBytes < volumeBytes * (1 - OVERHEAD) - SMALL_BYTES;
}

/** Returns the storage of the root disk in the config, which is the part of the volume ID before the colon. */
export function rootStorageOf(rootfs: string | undefined): string | undefined {
  const properties = parseProperties(rootfs ?? '');
  const volume = properties.get('') ?? properties.get('volume') ?? '';
  return volume.includes(':') ? volume.split(':')[0] : undefined;
}

/**
 * Derives a locally administered unicast MAC address from a mark. The address is the same each time it is derived.
 * Therefore the neighbour tables of other machines stay correct after a rollback or a new attempt. It also shows that
 * a container is ours if its description was edited.
 */
export function macOf(mark: Mark): string {
  const bytes = createHash('sha256').update(formatMark(mark)).digest().subarray(0, 6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(':');
}

/** Returns the network device eth0 with the first IPv4 address and the first IPv6 address. */
export function net0Of(config: ProxmoxConfig, mark: Mark, addresses: readonly NetworkAddress[]): string {
  const v4 = addresses.find(({ address }) => !isIPv6(address));
  const v6 = addresses.find(({ address }) => isIPv6(address));
  const network = (v4 ?? v6)?.network;
  const vlan = network ? network.vlan : config.vlan;
  return [
    'name=eth0',
    `bridge=${network?.bridge ?? config.bridge}`,
    `firewall=${config.firewall ? 1 : 0}`,
    ...(v4 === undefined ? [] : [`gw=${v4.gateway}`]),
    ...(v6 === undefined ? [] : [`gw6=${v6.gateway}`]),
    `hwaddr=${macOf(mark)}`,
    ...(v4 === undefined ? [] : [`ip=${v4.address}/${v4.prefix}`]),
    ...(v6 === undefined ? [] : [`ip6=${v6.address}/${v6.prefix}`]),
    ...(vlan === null ? [] : [`tag=${vlan}`]),
    'type=veth',
  ].join(',');
}

/** Compares two network devices regardless of order and letter case. `firewall=0` equals a missing `firewall`. */
export function sameDevice(a: string, b: string): boolean {
  return canonical(a) === canonical(b);
}

function canonical(text: string): string {
  return [...parseProperties(text)]
    .filter(([key, value]) => key !== 'type' && !(key === 'firewall' && value === '0'))
    .map(([key, value]) => `${key}=${value.toLowerCase()}`)
    .sort()
    .join(',');
}

/**
 * Returns the addresses (without prefix) in the config of a container (`net0`) or of a virtual machine (`ipconfig0`,
 * cloud-init). Words such as `dhcp` and `manual` are omitted.
 */
export function configuredAddresses(config: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(config).flatMap(([key, value]) => {
    if (!/^(net|ipconfig)\d+$/.test(key) || typeof value !== 'string') return [];
    const properties = parseProperties(value);
    return [properties.get('ip'), properties.get('ip6')].flatMap((cidr) => {
      const address = cidr?.split('/')[0] ?? '';
      return /^[0-9a-f.:]+$/i.test(address) && /[.:]/.test(address) ? [address.toLowerCase()] : [];
    });
  });
}

/**
 * Formats tags as Proxmox stores them: in lower case, sorted, and separated by `;`. Characters that Proxmox does not
 * accept become `-`.
 */
export function formatTags(tags: readonly string[]): string {
  const legal = tags
    .map((tag) => tag.toLowerCase().replaceAll(/[^a-z0-9_\-+.]/g, '-'))
    .filter((tag) => /^[a-z0-9_]/.test(tag));
  return [...new Set(legal)].sort().join(';');
}

export function parseTags(text: string): string[] {
  return text.split(/[;, ]+/).filter((tag) => tag !== '');
}
