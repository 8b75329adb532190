/** The keys of `container_host.proxmox`. */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import {
  block,
  flag,
  list,
  number,
  optional,
  path,
  secret,
  section,
  type Static,
  text,
} from '../../../config/building-blocks.js';
import { type ConfigCheck, type DriverPart, problem } from '../../../config/driver-part.js';
import type { Loaded } from '../../../config/loaded.js';
import { HTTPS_URL, ID, isAddress, isUrl } from '../../../config/patterns.js';

const FINGERPRINT = '([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}';
const VMID = { min: 100, max: 999_999_999 };

function vmidRange(description: string, first: number, last: number) {
  return section(description, {
    first: number('First number, inclusive.', VMID.min, VMID.max, { default: first }),
    last: number('Last number, inclusive.', VMID.min, VMID.max, { default: last }),
  });
}

const node = text('Name of a node.', { pattern: ID, expected: 'the name of a node' });

const keys = section('The Proxmox VE cluster.', {
  urls: list(
    'Base URLs of API nodes. They are tried in order until one responds.',
    text('Base URL.', {
      pattern: HTTPS_URL,
      check: isUrl,
      discreet: true,
      expected: 'a URL like https://pve1.example.net:8006',
      normalize: (url) => url.replace(/\/$/, ''),
    }),
    { minItems: 1 },
  ),
  token_id: text('The API token that the agent uses.', {
    // `=` is not allowed, because users often copy the token ID from Proxmox together with `=` and the secret
    pattern: '^[^@!=\\s]+@[^@!=\\s]+![^@!=\\s]+$',
    discreet: true,
    expected: 'a token id like innkeeper@pve!agent',
  }),
  token_secret: secret("The API token's secret."),
  ca_file: optional(
    path("PEM file of the CA that signed the API's certificate; empty = the system's CAs.", 'certificates'),
  ),
  fingerprint: optional(
    text(
      "SHA-256 fingerprint of the API's certificate. If set, only this certificate is accepted, and " +
        'the CA is ignored. If nodes have different certificates, list all fingerprints, separated by ' +
        'spaces.',
      {
        pattern: `^${FINGERPRINT}([ ,]+${FINGERPRINT})*$`,
        expected: 'a SHA-256 fingerprint (64 hex digits, colons optional), or several',
      },
    ),
  ),
  request_timeout_s: number('Timeout of one API request.', 1, 300, { unit: 'seconds', default: 15 }),
  task_timeout_s: number('Timeout of one task (clone, snapshot, ...).', 10, 86_400, {
    unit: 'seconds',
    default: 600,
  }),
  pool: optional(
    text('Proxmox pool that containers are created in; empty = none.', {
      pattern: '^[A-Za-z0-9._/-]+$',
      expected: 'the name of a pool',
    }),
  ),
  storage: text('Storage for the root disks. The storage must support snapshots.', {
    pattern: '^[A-Za-z][A-Za-z0-9._-]*$',
    expected: 'the name of a storage',
    default: 'local-lvm',
  }),
  bridge: text('Bridge that containers are connected to.', {
    pattern: '^[A-Za-z0-9._-]{1,15}$',
    expected: 'the name of a bridge',
    default: 'vmbr0',
  }),
  vlan: optional(number('VLAN tag of the containers; empty = untagged.', 1, 4094)),
  nameserver: optional(
    text("Name server(s) in the containers, separated by spaces; empty = the host's.", {
      expected: 'addresses separated by spaces',
      check: (value) => value.split(/[ ,]+/).every(isAddress),
    }),
  ),
  searchdomain: optional(text("DNS search domain in the containers; empty = the host's.")),
  nodes: list('Nodes that may run containers; empty = every online node.', node, { default: [] }),
  locations: list(
    'Groups of nodes that plans can name as their location.',
    block('A location.', {
      name: text('Name of the location.', {
        pattern: ID,
        expected: 'letters, digits, dots, underscores or hyphens',
      }),
      nodes: list('Nodes of the location.', node, { minItems: 1 }),
    }),
    { default: [] },
  ),
  heavy_operations: number(
    'Maximum number of heavy operations (create, clone, snapshot, rollback, destroy) that run at the ' +
      'same time on one node.',
    1,
    50,
    { default: 3 },
  ),
  firewall: flag("Whether the Proxmox firewall is enabled on the containers' network interface.", {
    default: true,
  }),
  start_at_boot: flag('Whether containers start when their node boots.', { default: true }),
  vmids: vmidRange("VMID range of this agent's containers; nothing else may use this range.", 10_000, 19_999),
  template_vmids: vmidRange(
    'VMID range of the templates that `innkeeper template build` creates.',
    9000,
    9099,
  ),
  os_template: optional(
    text(
      'Volume of the OS template for `template build` and for sites created from scratch, e.g. ' +
        'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst.',
      { pattern: '^[^:\\s]+:vztmpl/\\S+$', expected: 'a volume id like local:vztmpl/debian-12.tar.zst' },
    ),
  ),
  image_storages: list(
    'Storages whose OS templates products can use as images; empty = the storage of `os_template`.',
    text('Name of a storage.', { pattern: '^[A-Za-z][A-Za-z0-9._-]*$', expected: 'the name of a storage' }),
    { default: [] },
  ),
  reserve_memory_mb: number('Memory that placement keeps free on every node.', 0, 16_777_216, {
    unit: 'MiB',
    default: 1024,
  }),
  reserve_disk_gb: number('Disk space that placement keeps free on the storage.', 0, 1_048_576, {
    unit: 'GiB',
    default: 10,
  }),
  ha: section('High availability.', {
    enabled: flag('Whether every container becomes an HA resource.', { default: false }),
    nodes: list('PVE 9: nodes of the node-affinity rule; empty = no rule.', node, { default: [] }),
    group: optional(text('PVE 8: HA group; empty = none.', { pattern: ID, expected: 'the name of a group' })),
  }),
});

export type ProxmoxConfig = Loaded<Static<typeof keys>>;

/** The part of the configuration that this driver reads. */
export interface ProxmoxSettings {
  readonly container_host: { readonly proxmox: ProxmoxConfig };
}

const Block = Type.Optional(Type.Unknown());
const Range = Type.Object({ first: Type.Integer(), last: Type.Integer() });
const VMIDS = ['vmids', 'template_vmids'] as const;
const Proxmox = Type.Object({
  container_host: Type.Object({ proxmox: Type.Object({ vmids: Block, template_vmids: Block }) }),
});

function rangeAt(file: unknown, name: (typeof VMIDS)[number]): { first: number; last: number } | undefined {
  if (!Value.Check(Proxmox, file)) return undefined;
  const range = file.container_host.proxmox[name];
  return Value.Check(Range, range) ? range : undefined;
}

const vmidsAreApart: ConfigCheck = (file) => {
  const key = 'container_host.proxmox';
  const inside = VMIDS.flatMap((name) => {
    const range = rangeAt(file, name);
    return range && range.first > range.last
      ? problem(
          `${key}.${name}`,
          `found first ${range.first} after last ${range.last}, expected first to be at most last`,
        )
      : [];
  });
  const [ours, templates] = VMIDS.map((name) => rangeAt(file, name));
  if (inside.length > 0 || !ours || !templates) return inside;
  if (ours.last < templates.first || templates.last < ours.first) return [];
  const found = `${templates.first}-${templates.last}, which overlaps vmids ${ours.first}-${ours.last}`;
  return problem(`${key}.template_vmids`, `found ${found}, expected separate ranges`);
};

const Named = Type.Object({ name: Type.String() });
const Locations = Type.Object({
  container_host: Type.Object({ proxmox: Type.Object({ locations: Type.Array(Type.Unknown()) }) }),
});

const locationsAreNamedOnce: ConfigCheck = (file) => {
  if (!Value.Check(Locations, file)) return [];
  const names = file.container_host.proxmox.locations.map((one) =>
    Value.Check(Named, one) ? one.name : undefined,
  );
  return names.flatMap((name, n) =>
    name !== undefined && names.indexOf(name) < n
      ? problem(`container_host.proxmox.locations.${n}.name`, `found "${name}" twice, expected unique names`)
      : [],
  );
};

export const proxmox = {
  keys,
  checks: [vmidsAreApart, locationsAreNamedOnce],
  hosts: ({ container_host: host }: ProxmoxSettings) => host.proxmox.urls.map((url) => new URL(url).hostname),
} satisfies DriverPart;
