/**
 * The Proxmox VE driver. Each group of operations has a separate file, and all of them share one connection pool.
 * Errors are converted to AgentErrors only at the interface of the driver.
 */
import type { ProxmoxConfig, ProxmoxSettings } from './config.js';
import { AgentError } from '../../../kernel/errors.js';
import type { DriverCall } from '../../shared/call.js';
import type { Circuits } from '../../shared/circuit.js';
import type { ClusterView, GuestDeps, GuestDriver } from '../contract.js';
import { removeContainer } from './destroy.js';
import { ensureContainer } from './ensure-container.js';
import { find } from './find.js';
import { hostCircuits } from './circuits.js';
import { ensureHa, removeHa } from './ha.js';
import type { Host } from './host.js';
import { withLeftLock } from './left-lock.js';
import { listContainers, listHa } from './list.js';
import { listOsTemplates } from './os-templates.js';
import { readCluster, usedAddressesReader } from './read-cluster.js';
import { chooseNode, spread } from './choose-node.js';
import { ensureStarted, ensureStopped } from './power.js';
import { isPve, toAgentError } from './pve-error.js';
import { ensureResources } from './resources.js';
import { ensureSnapshot, listSnapshots, removeSnapshot, rollback } from './snapshots.js';
import { convertToTemplate } from './template.js';
import { openTransport, type Transport } from './transport.js';

export const driver = ({ container_host: host }: ProxmoxSettings, deps: GuestDeps): GuestDriver =>
  proxmoxGuestDriver(host.proxmox, deps);

/** Opens no connection yet. Throws when a URL, the CA file or the fingerprint is unusable. */
export function proxmoxGuestDriver(config: ProxmoxConfig, deps: GuestDeps): GuestDriver {
  const host: Host = {
    ...deps,
    config,
    transport: transportOf(config, deps.circuits),
    seenOn: new Map(),
    lostCreations: new Map(),
    templateStorages: new Map(),
    release: undefined,
  };
  let last: ClusterView | undefined;
  const usedAddresses = usedAddressesReader(host, () => last);

  /** Wraps the operations of the driver, and converts all their errors to AgentErrors. */
  const edge =
    <A extends readonly unknown[], R>(work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        return await work(...args);
      } catch (error) {
        const signal = args.map((arg) => signalOf(arg)).find((one) => one !== undefined);
        const failure = atEdge(error, signal);
        throw signal === undefined ? failure : await withLeftLock(host, failure, vmidOf(args[0]), signal);
      }
    };
  const on = <A extends readonly unknown[], R>(work: (host: Host, ...args: A) => Promise<R>) =>
    edge((...args: A) => work(host, ...args));

  return {
    capabilities: { snapshots: true, ha: config.ha.enabled },
    look: edge(async (call: DriverCall) => (last = await readCluster(host, call))),
    usedAddresses: edge(usedAddresses),
    place: (spec, view) => chooseNode(config, spec, view),
    spread: (spec, count, view) => spread(config, spec, count, view),
    listOsTemplates: on(listOsTemplates),
    ensureContainer: on(ensureContainer),
    find: on(find),
    listContainers: on(listContainers),
    listHa: on(listHa),
    ensureStarted: on(ensureStarted),
    ensureStopped: on(ensureStopped),
    ensureResources: on(ensureResources),
    removeContainer: on(removeContainer),
    convertToTemplate: on(convertToTemplate),
    listSnapshots: on(listSnapshots),
    ensureSnapshot: on(ensureSnapshot),
    removeSnapshot: on(removeSnapshot),
    rollback: on(rollback),
    ensureHa: on(ensureHa),
    removeHa: on(removeHa),
    close: () => host.transport.close(),
  };
}

export function transportOf(config: ProxmoxConfig, circuits?: Circuits): Transport {
  return openTransport({
    urls: config.urls,
    tokenId: config.token_id,
    tokenSecret: config.token_secret,
    trust: { caFile: config.ca_file, fingerprint: config.fingerprint },
    requestTimeoutMs: config.request_timeout_s * 1_000,
    gates: hostCircuits(circuits),
  });
}

function vmidOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('vmid' in value)) return undefined;
  return typeof value.vmid === 'number' ? value.vmid : undefined;
}

function signalOf(value: unknown): AbortSignal | undefined {
  if (typeof value !== 'object' || value === null || !('signal' in value)) return undefined;
  return value.signal instanceof AbortSignal ? value.signal : undefined;
}

/**
 * If a call fails after the caller has aborted, reports the failure as `aborted`, unless the container host has
 * rejected the request or has really failed.
 */
function atEdge(error: unknown, signal: AbortSignal | undefined): AgentError {
  const agentError = toAgentError(error);
  const isAnswer = !agentError.retryable || isPve(error, 'refused', 'failed', 'lacking');
  if (signal?.aborted !== true || isAnswer || agentError.code === 'aborted') return agentError;
  return new AgentError('aborted', 'The operation was stopped before it ended.', {
    cause: error,
    ...(agentError.detail === undefined ? {} : { detail: agentError.detail }),
  });
}
