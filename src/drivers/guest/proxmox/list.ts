/**
 * Reads all containers of the cluster and all HA resources for the comparison with the records. If an object cannot be
 * read now, it is not omitted, but listed as unread.
 */
import { findMark, isMarkAlone } from '../../../kernel/mark.js';
import type { SeenContainer, SeenContainers, SeenHa } from '../../../model/actual-state.js';
import type { DriverCall } from '../../shared/call.js';
import { type CtConfig, flag, HA_RESOURCES, HA_RULES, num, read, type Resource, text } from './schemas.js';
import { apiOf, type Host, readConfig, readResources, releaseOf } from './host.js';
import { leftLock } from './left-lock.js';
import { isPve } from './pve-error.js';
import { isShortOf, rootDiskBytes } from './property-string.js';

const GIB = 2 ** 30;
/** The number of concurrent requests. It is small because pveproxy has only three workers per node. */
const AT_ONCE = 3;

export async function listContainers(host: Host, call: DriverCall): Promise<SeenContainers> {
  const found: SeenContainer[] = [];
  const unread: number[] = [];
  const queue = (await readResources(host, call.signal)).filter((one) => one.type === 'lxc').values();
  const readSome = async (): Promise<void> => {
    for (const one of queue) {
      const vmid = num(one.vmid);
      try {
        const config = await readConfig(host, text(one.node), vmid, call.signal);
        const lock = await leftLock(host, { node: text(one.node), vmid }, config, call.signal);
        found.push({ ...seen(one, config), ...(lock === undefined ? {} : { leftLock: lock }) });
      } catch (error) {
        if (!isPve(error, 'missing', 'unreachable', 'unknown', 'busy', 'failed', 'lacking', 'refused'))
          throw error;
        // the container was just destroyed or moved, or its node is off; the next read shows which of these is the
        // case
        unread.push(vmid);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, readSome));
  return { read: found.sort((a, b) => a.vmid - b.vmid), unread };
}

/**
 * Returns the real size of the file system of a running container if the disk has grown and the file system has not.
 * To repair this, the disk is grown again.
 */
function usableBytes(one: Resource, config: CtConfig): number {
  const volume = rootDiskBytes(config.rootfs) ?? 0;
  const shown = text(one.status) === 'running' ? num(one.maxdisk) : 0;
  return isShortOf(shown, volume) ? shown : volume;
}

function seen(one: Resource, config: CtConfig): SeenContainer {
  const status = text(one.status);
  const description = text(config.description);
  return {
    vmid: num(one.vmid),
    node: text(one.node),
    // a backup or a migration may have stopped or started the container in between
    power: (status === 'running' || status === 'stopped') && text(config.lock) === '' ? status : 'unknown',
    template: flag(config.template),
    ...(text(one.hastate) === 'error' ? { haError: true as const } : {}),
    ...marked(description),
    resources: {
      cores: num(config.cores),
      memoryMb: num(config.memory, 512),
      swapMb: num(config.swap, 512),
      diskGb: Math.round(usableBytes(one, config) / GIB),
    },
  };
}

export async function listHa(host: Host, call: DriverCall): Promise<readonly SeenHa[]> {
  if (!host.config.ha.enabled) return [];
  const { ha } = apiOf(host, call).cluster;
  const answer: unknown = await ha.resources.$get();
  const rules = await readRules(host, call);
  const wanted = rules !== undefined && host.config.ha.nodes.length > 0;
  const resources = read(HA_RESOURCES, 'HA resources', answer).flatMap(({ sid, state, comment }) => {
    const vmid = numberIn(sid, /^ct:(\d{1,9})$/);
    if (vmid === undefined) return [];
    const rule = wanted ? rules.has(vmid) : null;
    return [{ vmid, state: text(state) || 'started', rule, ...marked(text(comment)) }];
  });
  const managed = new Set(resources.map(({ vmid }) => vmid));
  const alone = [...(rules ?? [])]
    .filter(([vmid]) => !managed.has(vmid))
    .map(([vmid, comment]): SeenHa => ({ vmid, state: null, rule: true, ...marked(comment) }));
  return [...resources, ...alone];
}

/**
 * Returns, for each container, the comments of the rules whose names have the form that the agent uses. Returns
 * undefined before PVE 9, which has no rules.
 */
async function readRules(host: Host, call: DriverCall): Promise<ReadonlyMap<number, string> | undefined> {
  if ((await releaseOf(host, call.signal)) < 9) return undefined;
  const answer: unknown = await apiOf(host, call).cluster.ha.rules.$get();
  return new Map(
    read(HA_RULES, 'HA rules', answer).flatMap(({ rule, comment }): [number, string][] => {
      const vmid = numberIn(rule, /^innkeeper-ct-(\d{1,9})$/);
      return vmid === undefined ? [] : [[vmid, text(comment)]];
    }),
  );
}

function numberIn(name: string, pattern: RegExp): number | undefined {
  const digits = pattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function marked(words: string): Pick<SeenHa, 'mark' | 'markAlone'> {
  return { mark: findMark(words), markAlone: isMarkAlone(words) };
}
