/** Keys about the container host: its API, placement, and how scripts get into containers. */
import { Type } from 'typebox';
import {
  block,
  byName,
  flag,
  list,
  number,
  oneOf,
  optional,
  path,
  secret,
  section,
  text,
} from './building-blocks.js';
import { HOST_EXPECTED, HTTPS_URL, ID, isAddress, isHost, isUrl } from './patterns.js';

const FINGERPRINT = '([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}';
const VMID = { min: 100, max: 999_999_999 };

function vmidRange(description: string, first: number, last: number) {
  return section(description, {
    first: number('First number, inclusive.', VMID.min, VMID.max, { default: first }),
    last: number('Last number, inclusive.', VMID.min, VMID.max, { default: last }),
  });
}

const node = text('Name of a node.', { pattern: ID, expected: 'the name of a node' });

const ProxmoxSchema = section('The Proxmox VE cluster.', {
  urls: list(
    'Base URLs of API nodes; tried in order when one does not answer.',
    text('Base URL.', {
      pattern: HTTPS_URL,
      check: isUrl,
      discreet: true,
      expected: 'a URL like https://pve1.example.net:8006',
    }),
    { minItems: 1 },
  ),
  token_id: text('The API token we use.', {
    // no `=`: what is copied from Proxmox often has the secret behind one
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
      "SHA-256 fingerprint of the API's certificate; when given, only this certificate is accepted and the CA does not matter. Where the nodes have one each: all, separated by spaces.",
      {
        pattern: `^${FINGERPRINT}([ ,]+${FINGERPRINT})*$`,
        expected: 'a SHA-256 fingerprint (64 hex digits, colons optional), or several',
      },
    ),
  ),
  request_timeout_s: number('How long one API request may take.', 1, 300, { unit: 'seconds', default: 15 }),
  task_timeout_s: number('How long one task (clone, snapshot, ...) may take.', 10, 86_400, {
    unit: 'seconds',
    default: 600,
  }),
  pool: optional(
    text('Proxmox pool that containers are made in; empty = none.', {
      pattern: '^[A-Za-z0-9._/-]+$',
      expected: 'the name of a pool',
    }),
  ),
  storage: text('Storage of the root disks; it must be able to make snapshots.', {
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
    text("Name server(s) inside the containers, separated by spaces; empty = the host's.", {
      expected: 'addresses separated by spaces',
      check: (value) => value.split(/[ ,]+/).every(isAddress),
    }),
  ),
  searchdomain: optional(text("DNS search domain inside the containers; empty = the host's.")),
  nodes: list('Nodes we may place containers on; empty = every online node.', node, { default: [] }),
  heavy_operations: number(
    'Heavy operations (create, clone, snapshot, rollback, destroy) at once on one node.',
    1,
    50,
    { default: 3 },
  ),
  firewall: flag("Whether Proxmox's firewall is switched on for the containers' network.", { default: true }),
  start_at_boot: flag('Whether containers start when their node does.', { default: true }),
  vmids: vmidRange('Our own range of container numbers; nothing else may be made in it.', 10_000, 19_999),
  template_vmids: vmidRange(
    'Range of numbers for templates that `innkeeper template build` makes.',
    9000,
    9099,
  ),
  os_template: optional(
    text(
      'Volume of the OS template for `template build` and for sites made from scratch, e.g. local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst.',
      { pattern: '^[^:\\s]+:vztmpl/\\S+$', expected: 'a volume id like local:vztmpl/debian-12.tar.zst' },
    ),
  ),
  reserve_memory_mb: number('Memory that placement leaves free on every node.', 0, 16_777_216, {
    unit: 'MiB',
    default: 1024,
  }),
  reserve_disk_gb: number('Disk that placement leaves free on the storage.', 0, 1_048_576, {
    unit: 'GiB',
    default: 10,
  }),
  ha: section('High availability.', {
    enabled: flag('Whether every container becomes an HA resource.', { default: false }),
    nodes: list('PVE 9: nodes of the node-affinity rule; empty = no rule.', node, { default: [] }),
    group: optional(text('PVE 8: HA group; empty = none.', { pattern: ID, expected: 'the name of a group' })),
  }),
});

export const ContainerHostSchema = section('Where containers are made.', {
  driver: oneOf('Kind of container host.', ['proxmox'], { default: 'proxmox' }),
  poll_s: number('Time between two looks at the cluster.', 1, 3600, { unit: 'seconds', default: 10 }),
  proxmox: ProxmoxSchema,
});

const host = block('Where a node is reached.', {
  host: text('Host name or address.', { expected: HOST_EXPECTED, check: isHost }),
  port: number('Port of its sshd.', 1, 65_535, { default: 22 }),
});

export const ExecSchema = section('How scripts get into containers.', {
  driver: oneOf(
    '`local` runs pct on this machine (one node); `ssh` on the node that holds the container.',
    ['local', 'ssh'],
    { default: 'local' },
  ),
  pct: list('The pct command, words in a list.', Type.String({ minLength: 1, expected: 'a word' }), {
    default: ['/usr/sbin/pct'],
    minItems: 1,
  }),
  max_output_bytes: number('Output of one script that is kept.', 4096, 67_108_864, {
    unit: 'bytes',
    default: 1_048_576,
  }),
  ssh: optional(
    block('Needed by the driver `ssh`.', {
      hosts: byName(
        'By node name, where its sshd listens; a node that is not named here is reached under its own name, port 22.',
        host,
      ),
      user: text('User to log in as; it must be allowed to run pct.', { default: 'root' }),
      private_key: secret('Private key (OpenSSH or PEM, without a passphrase).'),
      known_hosts_file: path(
        'OpenSSH known_hosts file with the host keys of all nodes; a host without a matching key is refused.',
        'file',
      ),
      connect_timeout_s: number('How long connecting may take.', 1, 120, { unit: 'seconds', default: 10 }),
    }),
  ),
});
