/**
 * Inspects the accounts on all servers again and again. A few servers are inspected at the same time, and each of them
 * at most once, so a slow server does not delay the others.
 */
import PQueue from 'p-queue';
import type { Server } from '../model/server.js';
import type { Service, ServiceKey } from '../model/service.js';
import type { OperationContext } from '../services/context.js';
import type { AccountStore, Inspected } from './account-store.js';
import type { TestServer } from './context.js';

export type InspectServer = (
  server: Server,
  services: readonly Service[],
  signal: AbortSignal,
) => Promise<{ readonly accounts: ReadonlyMap<ServiceKey, Inspected>; readonly problem: string | null }>;

export interface InspectorDeps extends Pick<OperationContext, 'state' | 'products' | 'clock' | 'log'> {
  readonly accounts: AccountStore;
  readonly inspect: InspectServer;
  readonly test: TestServer;
  /** Called when a server begins or ceases to respond. */
  readonly changed: () => void;
  /** Time between two inspections of a server. */
  readonly everyMs: number;
}

export interface Inspector {
  /** Starts the inspections that are due. */
  tick(): Promise<undefined>;
  stop(): Promise<void>;
}

const AT_ONCE = 4;
/** After so many failed checks in a row, a further one is no news. */
const MOST_NEWS = 3;

export function inspector(deps: InspectorDeps): Inspector {
  const { state, clock, accounts, everyMs, log } = deps;
  const queue = new PQueue({ concurrency: AT_ONCE });
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  /** When each server was last begun (ms of the monotonic clock), and those that are being inspected. */
  const begun = new Map<string, number>();
  const running = new Set<string>();

  const inspect = async (id: string): Promise<void> => {
    const server = state.servers.find(id);
    if (!server || isStopping()) return;
    begun.set(id, clock.monotonic());
    const services = await inspectable(state, id);
    const { problem, found } = await look(deps, server, services, stopping.signal);
    if (isStopping()) return;
    const now = clock.now();
    for (const [key, one] of found) accounts.enter(key, one, now);
    const before = accounts.server(id);
    accounts.checked(id, problem, now);
    const isSame = before?.reachable === (problem === null);
    if (!isSame || before.failures < MOST_NEWS) deps.changed();
  };
  const start = (id: string): void => {
    running.add(id);
    void queue
      .add(() => inspect(id))
      .catch((error: unknown) => log.error({ err: error, server: id }, 'a server could not be inspected'))
      .finally(() => running.delete(id));
  };
  return {
    async tick() {
      const now = clock.monotonic();
      const ids = state.servers.list().map(({ id }) => id);
      const isDue = (id: string): boolean => now - (begun.get(id) ?? -Infinity) >= everyMs;
      const due = ids.filter((id) => isDue(id) && !running.has(id));
      if (due.length > 0) forgetOthers(deps, ids);
      for (const id of due) start(id);
      return undefined;
    },
    async stop() {
      stopping.abort(new Error('the agent is stopping'));
      queue.clear();
      await queue.onIdle();
    },
  };
}

function forgetOthers({ state, accounts }: InspectorDeps, ids: readonly string[]): void {
  const keys = new Set<ServiceKey>();
  for (const { key, server } of state.services.entries()) if (server !== null) keys.add(key);
  accounts.keep(keys, new Set(ids));
}

/** The services whose account should be as their record says. */
async function inspectable(state: InspectorDeps['state'], id: string): Promise<Service[]> {
  const found: Service[] = [];
  for (const { key, server, lifecycle, openJobs } of [...state.services.entries()]) {
    if (server !== id || openJobs.length > 0) continue;
    if (lifecycle !== 'active' && lifecycle !== 'suspended') continue;
    const service = await state.services.find(key).catch(() => undefined);
    if (service) found.push(service);
  }
  return found;
}

/** A server without accounts is only tested, because otherwise nothing would show that it is down. */
async function look(
  { inspect, test, products }: InspectorDeps,
  server: Server,
  services: readonly Service[],
  signal: AbortSignal,
): Promise<{ readonly problem: string | null; readonly found: ReadonlyMap<ServiceKey, Inspected> }> {
  const rules = products.find(server.module.name)?.declared.servers;
  if (services.length > 0 && rules?.inspects) {
    const { accounts, problem } = await inspect(server, services, signal);
    return { problem, found: accounts };
  }
  const problem = rules?.tests ? (await test(server, signal)).problem : null;
  return { problem, found: new Map() };
}
