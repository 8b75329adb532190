/**
 * Manages the network of the containers, which is a network namespace with a bridge. A veth pair connects the bridge
 * to the host. The host's end of the pair is the gateway of the containers.
 */
import { chmod, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { run } from './run.js';

export interface NetworkPlan {
  /** The network address `10.x.y.0`, where y is a multiple of 4. */
  readonly network: string;
  readonly prefix: 22;
  /** The first address of the network. The host's end of the veth pair has this address. */
  readonly gateway: string;
  readonly broadcast: string;
}

export interface ContainerNetwork {
  readonly plan: NetworkPlan;
  readonly namespace: string;
  /**
   * The command words that run a command inside the namespace. `ip netns exec` is not used, because it remounts /sys,
   * so that the command could not see the cgroups.
   */
  readonly enter: readonly string[];
}

export function namespaceOf(environmentId: string): string {
  return `ik-${environmentId}`;
}

export function namespaceFile(environmentId: string): string {
  return `/run/netns/${namespaceOf(environmentId)}`;
}

export function planFor(second: number, third: number): NetworkPlan {
  const base = third & 0xfc;
  return {
    network: `10.${second}.${base}.0`,
    prefix: 22,
    gateway: `10.${second}.${base}.1`,
    broadcast: `10.${second}.${base + 3}.255`,
  };
}

/** Returns a random /22 of 10.0.0.0/8 that overlaps with no route of the host. */
export async function chooseNetwork(): Promise<NetworkPlan> {
  const taken = await routes();
  for (let tries = 0; tries < 200; tries += 1) {
    const plan = planFor(randomInt(0, 256), randomInt(0, 256));
    if (isFree(plan, taken)) return plan;
  }
  throw new Error(
    'The lxc sandbox found no free network in 10.0.0.0/8: all networks that it tried are already ' +
      'routed.',
  );
}

export function isFree(plan: NetworkPlan, taken: readonly string[]): boolean {
  return taken.every((route) => !overlaps(`${plan.network}/${plan.prefix}`, route));
}

export async function routes(): Promise<string[]> {
  const { stdout } = await run(['ip', '-4', '-o', 'route', 'show', 'table', 'all']);
  return stdout
    .split('\n')
    .map((line) => /^(?:\w+ )?(\d+\.\d+\.\d+\.\d+(?:\/\d+)?) /.exec(line)?.[1])
    .filter((route) => route !== undefined)
    .map((route) => (route.includes('/') ? route : `${route}/32`));
}

function overlaps(one: string, other: string): boolean {
  const [a, aBits] = ipaddr.IPv4.parseCIDR(one);
  const [b, bBits] = ipaddr.IPv4.parseCIDR(other);
  return a.match(b, Math.min(aBits, bBits));
}

/** Creates namespace, bridge and veth pair. */
export async function openNetwork(environmentId: string, plan: NetworkPlan): Promise<ContainerNetwork> {
  const namespace = namespaceOf(environmentId);
  const [outer, inner] = [`${namespace}h`, `${namespace}n`];
  const enter = ['nsenter', `--net=${namespaceFile(environmentId)}`] as const;
  await run(['ip', 'netns', 'add', namespace]);
  try {
    await run(['ip', 'link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', namespace]);
    await run([...enter, 'ip', 'link', 'set', 'lo', 'up']);
    await run([...enter, 'ip', 'link', 'add', 'br0', 'type', 'bridge']);
    await run([...enter, 'ip', 'link', 'set', inner, 'master', 'br0', 'up']);
    await run([...enter, 'ip', 'link', 'set', 'br0', 'up']);
    await run([
      'ip',
      'address',
      'add',
      `${plan.gateway}/${plan.prefix}`,
      'broadcast',
      plan.broadcast,
      'dev',
      outer,
    ]);
    await run(['ip', 'link', 'set', outer, 'up']);
  } catch (error) {
    await closeNetwork(environmentId);
    throw error;
  }
  return { plan, namespace, enter };
}

/** Removes the namespace. The veth pair, its address and its route are removed with it. */
export async function closeNetwork(environmentId: string): Promise<void> {
  const namespace = namespaceOf(environmentId);
  // The host's end of the veth pair is removed first: while a process of a container is still ending, the namespace
  // and the veth pair continue to exist for a moment.
  await run(['ip', 'link', 'delete', `${namespace}h`], { okCodes: [0, 1] });
  if (existsSync(namespaceFile(environmentId))) await run(['ip', 'netns', 'delete', namespace]);
}

/**
 * Writes the hook that attaches a container to the bridge. LXC passes the name of the host's end of the container's
 * interface as fifth argument. The hook is needed because `lxc.net.0.link` fails in a private namespace.
 */
export async function writeBridgeHook(file: string): Promise<void> {
  await writeFile(file, '#!/bin/sh\nip link set "$5" master br0 && ip link set "$5" up\n');
  await chmod(file, 0o755);
}
