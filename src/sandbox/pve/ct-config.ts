/**
 * The configuration of a container: the schemas of its keys, its property strings, its digest, its tags, and the
 * conversion to the values that the back end needs.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { BackendContainer } from '../backend.js';
import { parsePropertyString, type Properties } from './check.js';
import type { Container } from './state.js';

const flag = { type: 'boolean', optional: 1 } as const;
const word = { type: 'string', optional: 1 } as const;
const count = (minimum: number, maximum?: number) =>
  maximum === undefined
    ? ({ type: 'integer', optional: 1, minimum } as const)
    : ({ type: 'integer', optional: 1, minimum, maximum } as const);

export const NET: Properties = {
  name: { type: 'string', pattern: String.raw`[-_.\w\d]+` },
  bridge: { ...word, pattern: String.raw`[-_.\w\d]+` },
  firewall: flag,
  gw: { ...word, format: 'ipv4' },
  gw6: { ...word, format: 'ipv6' },
  hwaddr: { ...word, format: 'mac-addr' },
  ip: { ...word, format: 'pve-ipv4-config' },
  ip6: { ...word, format: 'pve-ipv6-config' },
  link_down: flag,
  mtu: count(64, 65535),
  rate: { type: 'number', optional: 1 },
  tag: count(1, 4094),
  trunks: { ...word, pattern: String.raw`\d+(?:;\d+)*` },
  type: { ...word, enum: ['veth'] },
};

export const ROOTFS: Properties = {
  volume: { type: 'string', default_key: 1, format: 'pve-lxc-mp-string' },
  acl: flag,
  mountoptions: word,
  quota: flag,
  replicate: flag,
  ro: flag,
  shared: flag,
  size: { ...word, format: 'disk-size' },
};

const MOUNT: Properties = {
  ...ROOTFS,
  mp: { type: 'string', format: 'pve-lxc-mp-string' },
  backup: flag,
};

const FEATURES: Properties = {
  force_rw_sys: flag,
  fuse: flag,
  keyctl: flag,
  mknod: flag,
  mount: { ...word, pattern: '[a-zA-Z0-9_; ]+' },
  nesting: flag,
};

/** The keys that the configuration of a container may contain. Creation and PUT config share this list. */
export const CONFIG_PROPERTIES: Properties = {
  arch: { ...word, enum: ['amd64', 'i386', 'arm64', 'armhf', 'riscv32', 'riscv64'] },
  cmode: { ...word, enum: ['shell', 'console', 'tty'] },
  console: flag,
  cores: count(1, 8192),
  cpulimit: { type: 'number', optional: 1, minimum: 0, maximum: 8192 },
  cpuunits: count(0, 500000),
  debug: flag,
  description: { ...word, maxLength: 8192 },
  'dev[n]': word,
  features: { ...word, format: FEATURES },
  hookscript: { ...word, format: 'pve-volume-id' },
  hostname: { ...word, format: 'dns-name', maxLength: 255 },
  lock: {
    ...word,
    enum: [
      'backup',
      'create',
      'destroyed',
      'disk',
      'fstrim',
      'migrate',
      'mounted',
      'rollback',
      'snapshot',
      'snapshot-delete',
    ],
  },
  memory: count(16),
  'mp[n]': { ...word, format: MOUNT },
  nameserver: { ...word, format: 'lxc-ip-with-ll-iface-list' },
  'net[n]': { ...word, format: NET },
  onboot: flag,
  ostype: {
    ...word,
    enum: [
      'debian',
      'devuan',
      'ubuntu',
      'centos',
      'fedora',
      'opensuse',
      'archlinux',
      'alpine',
      'gentoo',
      'nixos',
      'unmanaged',
    ],
  },
  protection: flag,
  rootfs: { ...word, format: ROOTFS },
  searchdomain: { ...word, format: 'dns-name-list' },
  startup: { ...word, format: 'pve-startup-order' },
  swap: count(0),
  tags: { ...word, format: 'pve-tag-list' },
  template: flag,
  timezone: { ...word, format: 'pve-ct-timezone' },
  tty: count(0, 6),
  unprivileged: flag,
  'unused[n]': word,
};

const NUMERIC: ReadonlySet<string> = new Set(
  [
    'console cores cpulimit cpuunits debug memory onboot protection swap template tty unprivileged'.split(
      ' ',
    ),
  ].flat(),
);

/**
 * Returns the configuration in the form in which GET returns it: numbers are JSON numbers, and the description ends
 * with a newline.
 */
export function shownConfig(config: Readonly<Record<string, string>>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]): [string, string | number] => {
      if (NUMERIC.has(key)) return [key, Number(value)];
      if (key === 'description') return [key, value.endsWith('\n') ? value : `${value}\n`];
      return [key, value];
    }),
  );
}

/** Returns the digest. It changes whenever the configuration or one of its snapshots changes. */
export function digestOf(container: Container): string {
  const sorted = Object.entries(container.config).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha1')
    .update(JSON.stringify([sorted, container.snapshots]))
    .digest('hex');
}

/** `b;A,a` -> `a;b` */
export function normalTags(tags: string): string {
  const all = tags.toLowerCase().split(/[,;\s]+/);
  return [...new Set(all)]
    .filter((tag) => tag !== '')
    .sort()
    .join(';');
}

export function randomMac(): string {
  const tail = randomBytes(3).toString('hex').toUpperCase().match(/../g) ?? [];
  return ['BC', '24', '11', ...tail].join(':');
}

/**
 * Adds the parts that Proxmox adds to a network line: a MAC address if there is none, and the type. The name comes
 * first.
 */
export function normalNet(value: string, freshMac = false): string {
  const { name = '', ...rest } = parsePropertyString(NET, value);
  const parts: Record<string, string> = { ...rest, type: 'veth' };
  if (freshMac || parts['hwaddr'] === undefined) parts['hwaddr'] = randomMac();
  const shown = Object.keys(parts)
    .sort()
    .map((key) => `${key}=${parts[key] ?? ''}`);
  return [`name=${name}`, ...shown].join(',');
}

export function sizeOf(gib: number): string {
  return Number.isInteger(gib) ? `${gib}G` : `${Math.round(gib * 1024)}M`;
}

/** `8G`, `512M`, `8589934592` -> bytes */
export function parseSize(text: string): number {
  const [, digits = '0', unit = ''] = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text) ?? [];
  return Number(digits) * 1024 ** ' KMGT'.indexOf(unit === '' ? ' ' : unit);
}

export interface RootDisk {
  readonly storage: string;
  readonly volume: string;
  readonly bytes: number;
}

export function rootDisk(config: Readonly<Record<string, string>>): RootDisk {
  const parts = parsePropertyString(ROOTFS, config['rootfs'] ?? '');
  const volume = parts['volume'] ?? '';
  return { storage: volume.split(':')[0] ?? '', volume, bytes: parseSize(parts['size'] ?? '0') };
}

export function backendContainer(container: Container): BackendContainer {
  const { config, vmid, node } = container;
  const net: Record<string, string> =
    config['net0'] === undefined ? {} : parsePropertyString(NET, config['net0']);
  const [address = '', prefix] = (net['ip'] ?? '').split('/');
  return {
    vmid,
    node,
    hostname: config['hostname'] ?? `CT${vmid}`,
    memoryMb: Number(config['memory'] ?? 512),
    swapMb: Number(config['swap'] ?? 512),
    cores: Number(config['cores'] ?? 1),
    diskGb: rootDisk(config).bytes / 1024 ** 3,
    ipv4: prefix === undefined ? null : { address, prefix: Number(prefix), gateway: net['gw'] ?? null },
    hwaddr: net['hwaddr'] ?? '',
    nameserver: config['nameserver'] ?? null,
  };
}
