/**
 * Read-only queries about the cluster that only the doctor makes, so that it finds problems before anything is
 * created.
 */
import { Type } from 'typebox';
import { lazyCheck } from '../../../kernel/lazy-check.js';
import type { ProxmoxConfig } from './config.js';
import type { Clock } from '../../../kernel/clock.js';
import type { LeftLock, SeenContainers } from '../../../model/actual-state.js';
import { plainCall } from '../../shared/call.js';
import type { ClusterView, GuestLog } from '../contract.js';
import type { SnapshotAbility } from '../../../model/snapshot-rules.js';
import { flag, num, read, text, VERSION, VOLUMES } from './schemas.js';
import { type PveApi, pveApi, segment } from './client.js';
import type { Host } from './host.js';
import { transportOf } from './index.js';
import { listContainers } from './list.js';
import { readCluster } from './read-cluster.js';
import { isPve } from './pve-error.js';
import { abilityOfPlugin } from './snapshot-ability.js';

export interface StorageFacts {
  readonly type: string;
  readonly content: readonly string[];
  readonly usable: boolean;
  readonly shared: boolean;
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Undefined for an unknown storage plugin. */
  readonly snapshots: SnapshotAbility | undefined;
}

const Value = Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()]);
const Maybe = Type.Optional(Value);
const PERMISSIONS = lazyCheck(Type.Record(Type.String(), Type.Record(Type.String(), Value)));
const STORAGE = lazyCheck(
  Type.Object({
    type: Type.String(),
    content: Type.Optional(Type.String()),
    active: Maybe,
    enabled: Maybe,
    shared: Maybe,
    total: Maybe,
    avail: Maybe,
  }),
);
const BRIDGES = lazyCheck(Type.Array(Type.Object({ iface: Type.String(), active: Maybe })));

export interface ProxmoxExaminer {
  /** e.g. `9.1.9` */
  version(signal: AbortSignal): Promise<string>;
  /**
   * Returns the privileges on a path. For `/` and `/vms`, returns only privileges that also apply to the paths below.
   * If `user` is given, returns the privileges of this user instead of those of the token. Returns undefined if the
   * token has no permission to query the privileges of this user.
   */
  privileges(
    path: string,
    user: string | undefined,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string> | undefined>;
  look(signal: AbortSignal): Promise<ClusterView>;
  /** Returns locks that no task holds, on containers and templates with a mark of this agent. */
  leftLocks(agent: string, signal: AbortSignal): Promise<readonly LeftLock[]>;
  /** Returns all containers with their marks. This needs one request for each container. */
  containers(signal: AbortSignal): Promise<SeenContainers>;
  storage(node: string, storage: string, signal: AbortSignal): Promise<StorageFacts>;
  /** Returns the bridges and virtual networks that the token is allowed to use, and whether each of them is up. */
  bridges(node: string, signal: AbortSignal): Promise<ReadonlyMap<string, boolean>>;
  hasVolume(node: string, volume: string, signal: AbortSignal): Promise<boolean>;
  /** Returns `hidden` if the token has no permission to see pools. */
  pool(name: string, signal: AbortSignal): Promise<'there' | 'missing' | 'hidden'>;
  close(): Promise<void>;
}

export function proxmoxExaminer(
  config: ProxmoxConfig,
  deps: { clock: Clock; log: GuestLog },
): ProxmoxExaminer {
  const transport = transportOf(config);
  const host: Host = {
    ...deps,
    config,
    transport,
    seenOn: new Map(),
    lostCreations: new Map(),
    templateStorages: new Map(),
    release: undefined,
  };
  const api = (signal: AbortSignal): PveApi => pveApi(transport, signal);
  return {
    async version(signal) {
      const answer: unknown = await api(signal).version.$get();
      return read(VERSION, 'version', answer).version;
    },
    async privileges(path, user, signal) {
      try {
        const answer: unknown = await transport.request(
          'GET',
          '/api2/json/access/permissions',
          { path, userid: user },
          signal,
        );
        const held = read(PERMISSIONS, 'permissions', answer)[path] ?? {};
        // the value 0 means that the privilege applies only to this path and not to the paths below; only `/` and
        // `/vms` have relevant paths below
        const below = path === '/vms' || path === '/';
        return new Set(Object.keys(held).filter((name) => !below || flag(held[name])));
      } catch (error) {
        if (user !== undefined && isPve(error, 'refused')) return undefined;
        throw error;
      }
    },
    async leftLocks(agent, signal) {
      const { read: seen } = await listContainers(host, plainCall(signal));
      return seen.flatMap(({ mark, leftLock }) => (mark?.agent === agent && leftLock ? [leftLock] : []));
    },
    look: (signal) => readCluster(host, plainCall(signal)),
    containers: (signal) => listContainers(host, plainCall(signal)),
    async storage(node, storage, signal) {
      const answer: unknown = await api(signal)
        .nodes.$(segment(node))
        .storage.$(segment(storage))
        .status.$get();
      const found = read(STORAGE, `storage ${storage} of ${node}`, answer);
      return {
        type: found.type,
        content: text(found.content).split(',').filter(Boolean),
        usable: flag(found.active) && flag(found.enabled),
        shared: flag(found.shared),
        totalBytes: numberOf(found.total),
        freeBytes: numberOf(found.avail),
        snapshots: abilityOfPlugin(found.type),
      };
    },
    async bridges(node, signal) {
      const answer: unknown = await api(signal).nodes.$(segment(node)).network.$get({ type: 'any_bridge' });
      const found = read(BRIDGES, `networks of ${node}`, answer);
      return new Map(found.map(({ iface, active }) => [iface, flag(active)]));
    },
    async hasVolume(node, volume, signal) {
      const [storage = ''] = volume.split(':');
      const answer: unknown = await api(signal)
        .nodes.$(segment(node))
        .storage.$(segment(storage))
        .content.$get({ content: 'vztmpl' });
      return read(VOLUMES, `content of ${storage}`, answer).some(({ volid }) => volid === volume);
    },
    async pool(name, signal) {
      try {
        await transport.request('GET', `/api2/json/pools/${segment(name)}`, {}, signal);
        return 'there';
      } catch (error) {
        if (isPve(error, 'refused')) return 'hidden';
        if (isPve(error, 'failed', 'missing', 'lacking') && /does not exist|no such pool/i.test(error.reason))
          return 'missing';
        throw error;
      }
    },
    close: () => transport.close(),
  };
}

function numberOf(value: unknown): number {
  return typeof value === 'number' || typeof value === 'string' ? num(value) : 0;
}
