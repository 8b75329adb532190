/**
 * The configuration of a container: reads and changes it, grows the disk, and handles features and firewall options.
 */
import type { Json, JsonObject } from '../../../kernel/json.js';
import {
  type Call,
  containerOf,
  diskKind,
  fork,
  holdConfig,
  refuseLocked,
  refuseStale,
  takes,
  vmidOf,
} from '../cluster.js';
import {
  backendContainer,
  CONFIG_PROPERTIES,
  digestOf,
  normalNet,
  normalTags,
  parseSize,
  rootDisk,
  shownConfig,
  sizeOf,
} from '../ct-config.js';
import { die, PveError, refuse } from '../failure.js';
import { firewallFile, writeFirewallFile } from '../firewall-files.js';
import { checkMount } from '../mount-check.js';
import { demandForDeletion, demandForOptions } from '../option-permissions.js';
import { demand } from '../permissions.js';
import { PATH_PROPERTIES, type Route } from '../route.js';
import type { Container } from '../state.js';
import { createHash } from 'node:crypto';

const flag = { type: 'boolean', optional: 1 } as const;
const word = { type: 'string', optional: 1 } as const;
/** The parameters of a request that are not options of the container. */
const NOT_OPTIONS = ['node', 'vmid', 'digest', 'delete', 'revert'];

const listed = (text: string | undefined): string[] =>
  (text ?? '').split(/[,;\s]+/).filter((each) => each !== '');

function get(call: Call): Json {
  const container = containerOf(call);
  const { snapshot } = call.values;
  if (snapshot === undefined) return { ...shownConfig(container.config), digest: digestOf(container) };
  const found = container.snapshots[snapshot];
  if (!found) return die(`snapshot '${snapshot}' does not exist`);
  return shownSnapshot(container, found);
}

/**
 * Returns the settings of a snapshot together with the snapshot's own properties: the description, the time and the
 * parent.
 */
function shownSnapshot(container: Container, found: Container['snapshots'][string]): JsonObject {
  const { config, description, snaptime, parent, snapstate } = found;
  return {
    ...shownConfig({ ...config, ...(description === '' ? {} : { description }) }),
    snaptime,
    ...(parent === undefined ? {} : { parent }),
    ...(snapstate === undefined ? {} : { snapstate }),
    digest: digestOf(container),
  };
}

function applied(container: Container, values: Readonly<Record<string, string>>): Record<string, string> {
  const config = { ...container.config };
  for (const key of listed(values['delete'])) {
    // Proxmox only warns about an option that is not set
    if (config[key] === undefined) continue;
    if (['memory', 'rootfs', 'ostype'].includes(key)) die(`unable to delete required option '${key}'`);
    if (key === 'unprivileged') die(`unable to delete read-only option: '${key}'`);
    Reflect.deleteProperty(config, key);
  }
  for (const [key, value] of Object.entries(values)) {
    if (NOT_OPTIONS.includes(key)) continue;
    if (key === 'unprivileged') die(`unable to modify read-only option: '${key}'`);
    if (/^net\d+$/.test(key)) config[key] = normalNet(value);
    else config[key] = key === 'tags' ? normalTags(value) : value;
  }
  return config;
}

async function put(call: Call): Promise<null> {
  const { cluster, values } = call;
  const vmid = vmidOf(call);
  if (Object.keys(values).every((key) => ['node', 'vmid', 'digest'].includes(key)))
    die('no options specified');
  await holdConfig(call, vmid, async () => {
    const container = containerOf(call);
    refuseLocked(call, container);
    refuseStale(values['digest'], digestOf(container));
    refuseUnpermitted(call, container);
    container.config = applied(container, values);
    await cluster.backend.configure(backendContainer(container));
  });
  return null;
}

function refuseUnpermitted({ cluster, values }: Call, { vmid, config }: Container): void {
  const change = { vmid, present: config };
  demandForDeletion(cluster, change, [...listed(values['delete']), ...listed(values['revert'])]);
  for (const name of ['revert', 'delete'] as const)
    for (const option of listed(values[name])) {
      if (!isOption(option)) refuse({ [name]: `unknown option '${option}'` });
      if (values[option] !== undefined)
        refuse({ [name]: `you can't use '-${option}' and -${name} ${option}' at the same time` });
    }
  const options = Object.entries(values).filter(([key]) => !NOT_OPTIONS.includes(key));
  demandForOptions(cluster, change, Object.fromEntries(options));
}

function isOption(name: string): boolean {
  const numbered = name.replace(/(?:0|[1-9]\d{0,2})$/, '[n]');
  return Object.hasOwn(CONFIG_PROPERTIES, name) || Object.hasOwn(CONFIG_PROPERTIES, numbered);
}

async function resize(call: Call): Promise<string> {
  const { cluster, values } = call;
  const container = containerOf(call);
  const { size = '', disk = 'rootfs', digest } = values;
  const check = (): number => {
    refuseLocked(call, container);
    // the privileges are checked as for a change of the option with the name of the disk
    demandForOptions(cluster, { vmid: container.vmid, present: container.config }, { disk });
    refuseStale(digest, digestOf(container));
    if (container.config[disk] === undefined) throw noSuchMountPoint(disk);
    demand(cluster, `/storage/${rootDisk(container.config).storage}`, 'Datastore.AllocateSpace');
    const { bytes } = rootDisk(container.config);
    const requested = size.startsWith('+') ? bytes + parseSize(size.slice(1)) : parseSize(size);
    if (requested < bytes) die('unable to shrink disk size');
    if (requested === bytes) die('disk is already at specified size');
    return requested;
  };
  await holdConfig(call, container.vmid, async () => check());
  return fork(call, 'resize', container.vmid, (task) =>
    holdConfig(call, container.vmid, async () => {
      const gib = check() / 1024 ** 3;
      if (!(await cluster.backend.isRunning(container.vmid))) await checkMount(cluster, container);
      await task.takes(takes(cluster, 'resize'));
      const rootfs = (container.config['rootfs'] ?? '').replace(/size=[^,]+/, `size=${sizeOf(gib)}`);
      const grown = { ...container, config: { ...container.config, rootfs } };
      if (call.strike.kind && 'noEffect' in call.strike.kind) {
        container.filesystem ??= rootDisk(container.config).bytes;
        task.print("Failed to update the container's filesystem: command 'resize2fs' failed: exit code 1");
      } else {
        await cluster.backend.resize(backendContainer(grown));
        delete container.filesystem;
      }
      container.config['rootfs'] = rootfs;
    }),
  );
}

/**
 * Returns the error for a mount point that is not in use. Proxmox parses its empty text as a mount point, which fails.
 */
function noSuchMountPoint(disk: string): PveError {
  const missing = 'property is missing and it is not optional';
  return new PveError(500, 'format error', {
    ...(disk === 'rootfs' ? {} : { mp: missing }),
    volume: missing,
  });
}

function feature(call: Call): Json {
  const container = containerOf(call);
  const kind = diskKind(call.cluster, container);
  const mounted = Object.keys(container.config).some((key) => /^(?:mp|dev)\d+$/.test(key));
  const has =
    call.values['feature'] === 'snapshot'
      ? kind.snapshots && !mounted
      : call.values['feature'] === 'clone'
        ? kind.linkedClone === 'any' ||
          (kind.linkedClone === 'template' && container.config['template'] === '1')
        : true;
  return { hasFeature: has ? 1 : 0 };
}

async function interfaces(call: Call): Promise<Json> {
  const container = containerOf(call);
  if (!(await call.cluster.backend.isRunning(container.vmid))) return die(`CT ${container.vmid} not running`);
  const { ipv4, hwaddr } = backendContainer(container);
  const entry = (name: string, mac: string, address: string, prefix: number): JsonObject => ({
    name,
    hwaddr: mac,
    'hardware-address': mac,
    inet: `${address}/${prefix}`,
    'ip-addresses': [{ 'ip-address': address, 'ip-address-type': 'inet', prefix }],
  });
  return [
    entry('lo', '00:00:00:00:00:00', '127.0.0.1', 8),
    ...(ipv4 ? [entry('eth0', hwaddr.toLowerCase(), ipv4.address, ipv4.prefix)] : []),
  ];
}

const firewallDigest = (file: Readonly<Record<string, string>>): string =>
  createHash('sha1').update(JSON.stringify(file)).digest('hex');

function getFirewall(call: Call): Json {
  const file = firewallFile(call.cluster, vmidOf(call));
  const numeric = Object.entries(file).map(([key, value]): [string, Json] => [
    key,
    /^\d+$/.test(value) ? Number(value) : value,
  ]);
  return { ...Object.fromEntries(numeric), digest: firewallDigest(file) };
}

function putFirewall(call: Call): Json {
  const { cluster, values } = call;
  const file = { ...firewallFile(cluster, vmidOf(call)) };
  refuseStale(values['digest'], firewallDigest(file));
  for (const [key, value] of Object.entries(values))
    if (!['node', 'vmid', 'digest', 'delete'].includes(key)) file[key] = value;
  for (const key of listed(values['delete'])) Reflect.deleteProperty(file, key);
  writeFirewallFile(cluster, vmidOf(call), file);
  return null;
}

const level = {
  ...word,
  enum: ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug', 'nolog'],
} as const;
const policy = { ...word, enum: ['ACCEPT', 'REJECT', 'DROP'] } as const;
const idList = { ...word, format: 'pve-configid-list' } as const;

export const configRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/lxc/{vmid}/config',
    properties: { current: flag, snapshot: { ...PATH_PROPERTIES['snapname'], optional: 1 } },
    privilege: ['/vms/{vmid}', 'VM.Audit'],
    run: get,
  },
  {
    method: 'PUT',
    path: '/nodes/{node}/lxc/{vmid}/config',
    properties: {
      ...CONFIG_PROPERTIES,
      delete: idList,
      revert: idList,
      digest: { ...word, maxLength: 40 },
    },
    privilege: [
      '/vms/{vmid}',
      ...['VM.Config.Disk', 'VM.Config.CPU', 'VM.Config.Memory', 'VM.Config.Network', 'VM.Config.Options'],
    ],
    run: put,
  },
  {
    method: 'PUT',
    path: '/nodes/{node}/lxc/{vmid}/resize',
    properties: {
      disk: { type: 'string', pattern: String.raw`rootfs|mp(?:0|[1-9]\d{0,2})` },
      size: { type: 'string', pattern: String.raw`\+?\d+(\.\d+)?[KMGT]?` },
      digest: { ...word, maxLength: 40 },
    },
    privilege: ['/vms/{vmid}', 'VM.Config.Disk'],
    task: 'resize',
    run: resize,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/lxc/{vmid}/feature',
    properties: {
      feature: { type: 'string', enum: ['snapshot', 'clone', 'copy'] },
      snapname: { ...PATH_PROPERTIES['snapname'], optional: 1 },
    },
    privilege: ['/vms/{vmid}', 'VM.Audit'],
    run: feature,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/lxc/{vmid}/interfaces',
    privilege: ['/vms/{vmid}', 'VM.Audit'],
    run: interfaces,
  },
  {
    method: 'GET',
    path: '/nodes/{node}/lxc/{vmid}/firewall/options',
    privilege: ['/vms/{vmid}', 'VM.Audit'],
    run: getFirewall,
  },
  {
    method: 'PUT',
    path: '/nodes/{node}/lxc/{vmid}/firewall/options',
    properties: {
      delete: idList,
      digest: { ...word, maxLength: 64 },
      dhcp: flag,
      enable: flag,
      ipfilter: flag,
      macfilter: flag,
      ndp: flag,
      radv: flag,
      log_level_in: level,
      log_level_out: level,
      policy_in: policy,
      policy_out: policy,
    },
    privilege: ['/vms/{vmid}', 'VM.Config.Network'],
    run: putFirewall,
  },
];
