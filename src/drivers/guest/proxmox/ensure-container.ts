/**
 * Creates a container, or finishes an incomplete creation. The driver first clones or creates the container, then
 * changes the settings, then the disk. Every round begins with a read, so a creation that was interrupted at any point
 * can be repeated.
 */
import { retry } from '../../../kernel/async/retry.js';
import { AgentError } from '../../../kernel/errors.js';
import { findMark, formatMark, sameMark } from '../../../kernel/mark.js';
import type { DriverCall } from '../../shared/call.js';
import type { ClusterView, ContainerSpec } from '../contract.js';
import { FIREWALL_OPTIONS, flag, read, text } from './schemas.js';
import { changeConfig, type CtChanges, growRootDisk } from './change-config.js';
import { segment } from './client.js';
import {
  apiOf,
  assertGoing,
  foreign,
  type Found,
  gone,
  type Host,
  isOurs,
  locate,
  lxcOf,
  polling,
  requireOurs,
} from './host.js';
import { readCluster } from './read-cluster.js';
import { hostFailed, isPve, said } from './pve-error.js';
import { formatTags, net0Of, rootStorageOf, sameDevice } from './property-string.js';
import { untilDone, whenUnlocked } from './verify.js';
import { resourceChanges } from './resources.js';
import { waitForOwnCreation } from './own-creation.js';
import { runCreation, waitForNoted } from './tasks.js';
import { reachOf, templatesOf } from './template.js';

const EXISTS = /already exists/i;
const NO_LINKED_CLONE = /Linked clone feature for .* is not available/i;
/**
 * If a container without a mark is being created, the driver waits this long for our mark, because the creation may be
 * the result of our own request whose response was lost.
 */
const MARK_PATIENCE_MS = 10_000;

export async function ensureContainer(
  host: Host,
  spec: ContainerSpec,
  call: DriverCall,
): Promise<{ node: string }> {
  const earlier = await waitForNoted(host, call);
  const made = { now: earlier !== undefined && /^vz(?:clone|create)$/.test(earlier.type) };
  await untilDone(host, spec.vmid, call, async () => {
    const isThere = await exists(host, spec, call);
    made.now ||= !isThere;
    return isThere;
  });
  if (made.now) await assertStorage(host, spec, call);
  const found = await changeConfig(host, spec, call, (one) => wantedChanges(host, spec, one));
  await growRootDisk(host, spec, spec.resources.diskGb, found, call);
  if (host.config.firewall) await ensureFirewall(host, spec, call);
  host.lostCreations.delete(spec.vmid);
  return { node: found.node };
}

/**
 * Checks that a container that was just created is on the configured storage. Older containers are not checked,
 * because another storage may have been configured when they were created.
 */
async function assertStorage(host: Host, spec: ContainerSpec, call: DriverCall): Promise<void> {
  const { config, node } = await requireOurs(host, spec, call);
  const storage = rootStorageOf(config.rootfs);
  if (storage === host.config.storage) return;
  throw hostFailed(
    'The container host created the container on a storage other than the configured one.',
    `container ${spec.vmid} on ${node}: its root disk is ${config.rootfs ?? 'missing'}, and container_host.proxmox.storage is "${host.config.storage}"`,
    undefined,
    'refused_request',
  );
}

/** Executes one round. Returns true if our container exists and is complete. */
async function exists(host: Host, spec: ContainerSpec, call: DriverCall): Promise<boolean> {
  const present = await occupant(host, spec, call);
  if (present !== undefined) {
    // the container is complete, but it may not be in its pool yet
    if (isUnsure(host, spec, call)) await waitForOwnCreation(host, present, call);
    return true;
  }
  host.seenOn.delete(spec.vmid);
  const { source } = spec;
  if (source.kind === 'existing') throw gone(spec);
  try {
    await (source.kind === 'os'
      ? createFromOs(host, spec, source.volume, call)
      : clone(host, spec, source.name, call));
    return false;
  } catch (error) {
    if (isPve(error, 'unknown')) host.lostCreations.set(spec.vmid, host.clock.now());
    if (!said(error, EXISTS)) throw error;
    // the VMID is in use: by an earlier attempt of this agent, by a container of another client, or by a virtual
    // machine; the next read shows which
    if (source.kind === 'os') await waitForOwnCreation(host, spec, call);
    if ((await occupant(host, spec, call)) === undefined) throw taken(spec, error.reason);
    return true;
  }
}

/** Returns whether the response to an earlier request for this container was lost. */
function isUnsure(host: Host, { vmid }: ContainerSpec, { notes }: DriverCall): boolean {
  return typeof notes['unsure'] === 'number' || host.lostCreations.has(vmid);
}

/**
 * Returns our container with this VMID once it is unlocked and complete, or undefined if the VMID is free. Throws
 * `vmid_taken`.
 */
async function occupant(host: Host, spec: ContainerSpec, call: DriverCall): Promise<Found | undefined> {
  let first = await locate(host, spec.vmid, call.signal);
  if (first === undefined) return undefined;
  if (isNameless(first, spec) && (await waitForOwnCreation(host, first, call))) {
    first = await locate(host, spec.vmid, call.signal);
    if (first === undefined) return undefined;
  }
  const creating = text(first.config.lock) === 'create';
  if (!isOurs(first, spec) && !creating) throw taken(spec, foreign(first, spec).detail ?? '');
  const patience = isOurs(first, spec) ? undefined : MARK_PATIENCE_MS;
  const found = creating ? await settled(host, spec, call, patience) : first;
  if (found === undefined) return undefined;
  if (!isOurs(found, spec)) throw taken(spec, foreign(found, spec).detail ?? '');
  if (flag(found.config.template)) {
    throw hostFailed(
      'The container has become a template.',
      `container ${spec.vmid} on ${found.node} is a template`,
      undefined,
      'conflict',
    );
  }
  if (found.config.rootfs === undefined) {
    throw hostFailed(
      'The container is incomplete.',
      `container ${spec.vmid} on ${found.node} has no root disk`,
      undefined,
      'conflict',
    );
  }
  return found;
}

/**
 * Returns whether the container is being created and has no mark yet. A container from an OS template gets its mark
 * only at the end of its creation.
 */
function isNameless(found: Found, spec: ContainerSpec): boolean {
  return text(found.config.lock) === 'create' && !isOurs(found, spec);
}

async function settled(host: Host, spec: ContainerSpec, call: DriverCall, patienceMs: number | undefined) {
  try {
    return await whenUnlocked(host, spec.vmid, call, patienceMs);
  } catch (error) {
    if (patienceMs === undefined || !(error instanceof AgentError) || error.code !== 'container_host_busy')
      throw error;
    // if our mark has not appeared by now, another client is creating the container
    const found = await locate(host, spec.vmid, call.signal);
    if (found !== undefined && isOurs(found, spec)) return whenUnlocked(host, spec.vmid, call);
    throw taken(spec, 'another client is creating a container with this VMID');
  }
}

function taken(spec: ContainerSpec, detail: string): AgentError {
  return new AgentError('vmid_taken', 'The VMID is in use by something that the agent did not create.', {
    role: 'container host',
    detail: `${spec.vmid}: ${detail}`,
  });
}

async function clone(host: Host, spec: ContainerSpec, name: string, call: DriverCall): Promise<void> {
  const template = await findTemplate(host, spec, name, call);
  const { pool, storage } = host.config;
  const isElsewhere = template.rootStorage !== undefined && template.rootStorage !== storage;
  const post = (full: boolean) =>
    runCreation(host, call, () =>
      lxcOf(host, template, call.signal).clone.$post({
        newid: spec.vmid,
        hostname: spec.hostname,
        description: formatMark(spec.mark),
        full,
        ...(full ? { storage } : {}),
        ...(pool === null ? {} : { pool }),
        ...(template.node === spec.node ? {} : { target: spec.node }),
      }),
    );
  try {
    // a linked clone is always created on the storage of its template
    await post(isElsewhere);
  } catch (error) {
    if (!said(error, NO_LINKED_CLONE)) throw error;
    (call.log ?? host.log).info(
      { storage, template: template.vmid },
      'this storage does not support linked clones; creating a full copy',
    );
    await post(true);
  }
  host.seenOn.set(spec.vmid, spec.node);
}

/**
 * Each worker of the API caches the list of guests for 2 s. During this time, a worker may show a new guest without a
 * name.
 */
const SHOWN_WITHIN_MS = 2_500;
const LOOK_MS = 400;

async function findTemplate(host: Host, spec: ContainerSpec, name: string, call: DriverCall) {
  return retry(
    async () => templateFor(host, await readCluster(host, call), spec, name),
    (error) => error instanceof AgentError && error.code === 'template_missing',
    polling(host, call.signal, LOOK_MS, SHOWN_WITHIN_MS),
  );
}

/** Returns the template on the node itself, or else a template that the node can reach on shared storage. */
function templateFor(host: Host, view: ClusterView, spec: ContainerSpec, name: string) {
  const named = templatesOf(view, name);
  const local = named.find((guest) => guest.node === spec.node);
  const reachable = local ?? named.find((one) => reachOf(view, host.config.storage, one).includes(spec.node));
  if (reachable !== undefined) return reachable;
  throw new AgentError('template_missing', 'The template of the product does not exist.', {
    role: 'container host',
    detail: `no template "${name}" on ${spec.node}; it is on: ${named.map((guest) => guest.node).join(', ') || 'no node'}`,
  });
}

async function createFromOs(
  host: Host,
  spec: ContainerSpec,
  volume: string,
  call: DriverCall,
): Promise<void> {
  const { pool, storage, nameserver, searchdomain } = host.config;
  const { lxc } = apiOf(host, call).nodes.$(segment(spec.node));
  await runCreation(host, call, () =>
    lxc.$post({
      vmid: spec.vmid,
      ostemplate: volume,
      hostname: spec.hostname,
      description: formatMark(spec.mark),
      rootfs: `${storage}:${spec.resources.diskGb}`,
      memory: spec.resources.memoryMb,
      swap: spec.resources.swapMb,
      cores: spec.resources.cores,
      net0: net0Of(host.config, spec.mark, spec.addresses),
      onboot: host.config.start_at_boot,
      unprivileged: true,
      features: 'nesting=1',
      // tags are set later, together with the settings: to set them here, the token would need a privilege on the VMID
      // itself, which a privilege on the pool does not include
      ...(pool === null ? {} : { pool }),
      ...(nameserver === null ? {} : { nameserver }),
      ...(searchdomain === null ? {} : { searchdomain }),
    }),
  );
  host.seenOn.set(spec.vmid, spec.node);
}

/** Returns the settings in the spec that the config does not contain or that differ in the config. */
function wantedChanges(host: Host, spec: ContainerSpec, { config }: Found): CtChanges {
  const net0 = net0Of(host.config, spec.mark, spec.addresses);
  const tags = formatTags(spec.tags);
  const { nameserver, searchdomain, start_at_boot: onboot } = host.config;
  const differs = (found: string, wanted: string | null): wanted is string =>
    wanted !== null && found.trim() !== wanted;
  return {
    ...resourceChanges(config, spec.resources),
    ...(differs(text(config.hostname), spec.hostname) ? { hostname: spec.hostname } : {}),
    ...(sameMark(findMark(text(config.description)), spec.mark)
      ? {}
      : { description: formatMark(spec.mark) }),
    ...(sameDevice(config.net0 ?? '', net0) ? {} : { net0 }),
    ...(flag(config.onboot) === onboot ? {} : { onboot }),
    ...(formatTags(text(config.tags).split(/[;, ]+/)) === tags ? {} : { tags }),
    ...(differs(text(config.nameserver), nameserver) ? { nameserver } : {}),
    ...(differs(text(config.searchdomain), searchdomain) ? { searchdomain } : {}),
  };
}

/**
 * The firewall options of every container. With them, the container can send packets only from its own address.
 * Incoming packets are not filtered here, because the proxy and the firewall of the datacenter determine which packets
 * reach the container. A clone starts with a copy of the firewall file of its template.
 */
const FIREWALL = {
  enable: true,
  ipfilter: true,
  macfilter: true,
  policy_in: 'ACCEPT',
  policy_out: 'ACCEPT',
} as const;

async function ensureFirewall(host: Host, spec: ContainerSpec, call: DriverCall): Promise<void> {
  await untilDone(host, spec.vmid, call, async () => {
    const { options } = lxcOf(host, await requireOurs(host, spec, call), call.signal).firewall;
    const answer: unknown = await options.$get();
    const found = read(FIREWALL_OPTIONS, `firewall of ${spec.vmid}`, answer);
    const isSet =
      flag(found.enable) &&
      flag(found.ipfilter) &&
      flag(found.macfilter) &&
      text(found.policy_in) === FIREWALL.policy_in &&
      text(found.policy_out) === FIREWALL.policy_out;
    if (isSet) return true;
    assertGoing(call);
    await options.$put(FIREWALL);
    return false;
  });
}
