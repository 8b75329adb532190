/**
 * Connects the remote systems. It creates a circuit for each system, the drivers, and the cluster poll that all parts
 * share.
 */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { neverAborted } from '../kernel/async/never.js';
import type { Clock } from '../kernel/clock.js';
import { isOpen } from '../model/job.js';
import { buildDrivers, guestDriver } from '../drivers/build.js';
import { type Circuits, type CircuitView, newCircuits } from '../drivers/shared/circuit.js';
import { watchCluster } from '../drivers/guest/watch.js';
import type { ClusterWatch } from '../drivers/guest/contract.js';
import { instrument } from '../drivers/shared/instrument.js';
import type { Drivers } from '../drivers/table.js';
import type { Counting } from './telemetry.js';
import { accountStore } from '../state/stores/acme-accounts.js';
import type { State } from '../state/contract.js';

/** The circuits of all remote systems. Drivers check them before a call, the job engine before it starts a job. */
export function openCircuits(
  { circuits: { failures, pause_s: pauseS } }: Config,
  clock: Clock,
  log: Logger,
): Circuits {
  const all = newCircuits(clock, { failures, pauseMs: pauseS * 1000 });
  const known = new Map<string, CircuitView>();
  all.onChange((view) => {
    const { name, role, state, failures: count, refusal } = view;
    const before = known.get(name);
    known.set(name, view);
    const isNew = before === undefined || before.state === 'closed';
    if (state === 'open' && refusal !== null && (isNew || before.refusal === null))
      log.error({ system: name, role, refusal, alarm: 'system_refused' }, 'a system rejects the agent');
    if (state === 'open' && refusal === null && isNew)
      log.error({ system: name, role, failures: count, alarm: 'system_down' }, 'a system does not respond');
    if (state === 'closed')
      log.info({ system: name, role }, 'the system responds again and accepts the agent');
  });
  return all;
}

export async function openDrivers(
  config: Config,
  clock: Clock,
  log: Logger,
  state: State,
  { metrics }: Counting,
  systems: Circuits,
): Promise<{ drivers: Drivers; watch: ClusterWatch }> {
  const ear = { heard: metrics.driverCalled, log };
  const host = await guestDriver(config, { clock, log, circuits: systems });
  const heard = <K extends keyof Drivers>(kind: K, driver: Drivers[K]): Drivers[K] =>
    instrument(kind, driver, ear);
  const guest = heard('guest', host);
  const accounts = accountStore(state.acmeAccounts);
  const others = await buildDrivers(config, { clock, log, guest, accounts, circuits: systems });
  const drivers: Drivers = {
    guest,
    exec: heard('exec', others.exec),
    dns: heard('dns', others.dns),
    proxy: heard('proxy', others.proxy),
    web: heard('web', others.web),
    lookup: heard('lookup', others.lookup),
    issuer: heard('issuer', others.issuer),
  };
  const watch = watchCluster({ driver: guest, clock, pollMs: config.container_host.poll_s * 1000, log });
  return { drivers, watch };
}

export async function closeDrivers(drivers: Drivers, watch: ClusterWatch): Promise<void> {
  watch.close();
  await Promise.all(Object.values(drivers).map((driver: { close(): Promise<void> }) => driver.close()));
}

/**
 * When a job has ended, polls the cluster again at once, because the job may have changed the cluster. Otherwise,
 * `/status` would show the old power state until the next poll.
 */
export function lookAfterJobs(state: State, watch: ClusterWatch): () => void {
  const signal = neverAborted();
  return state.services.onChange((next, previous) => {
    const open = new Set(previous?.jobs.filter(isOpen).map(({ id }) => id));
    if (next.jobs.some((job) => !isOpen(job) && open.has(job.id)))
      void watch.fresh(0, signal).catch(() => {});
  });
}
