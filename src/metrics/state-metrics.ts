/** Metrics read on demand: the queue, services, pools, certificates, circuits, drift. */
import type { Registry } from 'prom-client';
import { MODULE_STATES } from '../model/module-view.js';
import { LIFECYCLES } from '../model/service.js';
import { looked, type Sample } from './registry.js';
import { serverMetrics } from './server-metrics.js';
import { poolUses, type Sources } from './sources.js';
import { CIRCUIT_STATES } from '../drivers/shared/circuit.js';
import { OPEN_STATUSES } from '../model/job.js';

const DAY_S = 86_400;
/**
 * Certificates are counted in groups: those that expire within at most this many days. There are too many certificates
 * for one label each.
 */
const DAYS = [0, 3, 7, 14, 30] as const;

export function stateMetrics(registry: Registry, sources: Sources): void {
  queue(registry, sources);
  looked(registry, 'services', 'Services by lifecycle.', ['lifecycle'], () => {
    const counts = new Map<string, number>(LIFECYCLES.map((name) => [name, 0]));
    for (const { lifecycle } of sources.state.services.entries())
      counts.set(lifecycle, (counts.get(lifecycle) ?? 0) + 1);
    return [...counts].map(([lifecycle, count]): Sample => [{ lifecycle }, count]);
  });
  looked(registry, 'damaged_documents', 'Damaged documents that were set aside.', [], () => [
    [{}, sources.state.damaged.length],
  ]);
  looked(registry, 'modules', 'Modules by state.', ['state'], () => {
    const modules = sources.modules();
    return MODULE_STATES.map((state): Sample => [
      { state },
      modules.filter((module) => module.state === state).length,
    ]);
  });
  pools(registry, sources);
  certificates(registry, sources);
  systems(registry, sources);
  serverMetrics(registry, sources);
}

function queue(registry: Registry, { state, clock }: Sources): void {
  looked(registry, 'jobs', 'Unfinished jobs, including stuck ones, by status.', ['status'], () => {
    const counts = new Map<string, number>([...OPEN_STATUSES, 'stuck'].map((status) => [status, 0]));
    const count = (status: string): unknown => counts.set(status, (counts.get(status) ?? 0) + 1);
    for (const { openJobs, stuck } of state.services.entries()) {
      for (const { status } of openJobs) count(status);
      if (stuck) count('stuck');
    }
    return [...counts].map(([status, value]): Sample => [{ status }, value]);
  });
  looked(
    registry,
    'oldest_job_age_seconds',
    'Time since the oldest unfinished job with this status was requested.',
    ['status'],
    () => {
      const oldest = new Map<string, number>();
      for (const { openJobs } of state.services.entries())
        for (const { id, status } of openJobs)
          oldest.set(status, Math.min(oldest.get(status) ?? Number.POSITIVE_INFINITY, madeAt(id)));
      return OPEN_STATUSES.map((status): Sample => {
        const since = oldest.get(status) ?? clock.now();
        return [{ status }, Math.max(0, (clock.now() - since) / 1000)];
      });
    },
  );
}

/** The time in a UUID v7, in epoch ms. */
function madeAt(id: string): number {
  return Number.parseInt(id.replace('-', '').slice(0, 12), 16);
}

function pools(registry: Registry, sources: Sources): void {
  looked(
    registry,
    'pool_used',
    'Addresses and VMIDs in use, including use by other programs.',
    ['pool'],
    () => poolUses(sources).map(({ pool, used }): Sample => [{ pool }, used]),
  );
  looked(registry, 'pool_size', 'Addresses and VMIDs in total.', ['pool'], () =>
    poolUses(sources).map(({ pool, total }): Sample => [{ pool }, total]),
  );
}

function certificates(registry: Registry, { state, clock, ownCertificates }: Sources): void {
  const secondsLeft = (until: string): number => (Date.parse(until) - clock.now()) / 1000;
  const customers = (): number[] =>
    state.domains
      .list()
      .flatMap(({ service, certificate }) =>
        service === null || certificate === null ? [] : [secondsLeft(certificate.expiresAt)],
      );
  looked(
    registry,
    'certificate_left_seconds',
    "Time until a certificate expires: the base domain's, the API's, or the first of the customers'.",
    ['of'],
    () => {
      const least = Math.min(...customers());
      return [
        ...ownCertificates().map((own): Sample => [{ of: own.of }, secondsLeft(own.expires_at)]),
        ...(Number.isFinite(least) ? [[{ of: 'customers' }, least] satisfies Sample] : []),
      ];
    },
  );
  looked(registry, 'certificates', 'Customer domains by the state of their certificate.', ['state'], () => {
    const domains = state.domains.list().filter(({ service }) => service !== null);
    const issued = domains.filter(({ certificate }) => certificate !== null).length;
    const refused = domains.filter(
      ({ certificate, failures }) => certificate === null && failures > 0,
    ).length;
    return [
      [{ state: 'issued' }, issued],
      [{ state: 'refused' }, refused],
      [{ state: 'pending' }, domains.length - issued - refused],
    ];
  });
  looked(
    registry,
    'certificates_expiring',
    'Customer certificates expiring within `days` days.',
    ['days'],
    () => {
      const left = customers();
      return DAYS.map((days): Sample => [
        { days: String(days) },
        left.filter((one) => one <= days * DAY_S).length,
      ]);
    },
  );
}

function systems(registry: Registry, { circuits, drift, watch, clock }: Sources): void {
  looked(
    registry,
    'circuit_state',
    '1 for the current state of the circuit.',
    ['name', 'role', 'state'],
    () =>
      circuits().flatMap(({ name, role, state }) =>
        CIRCUIT_STATES.map((one): Sample => [{ name, role, state: one }, Number(one === state)]),
      ),
  );
  looked(registry, 'circuit_failures', 'Consecutive failures.', ['name', 'role'], () =>
    circuits().map(({ name, role, failures }): Sample => [{ name, role }, failures]),
  );
  looked(registry, 'circuit_refused', '1 while the system rejects the agent.', ['name', 'role'], () =>
    circuits().map(({ name, role, refusal }): Sample => [{ name, role }, Number(refusal !== null)]),
  );
  looked(registry, 'drift_services', 'Services whose actual state differs from the records.', ['kind'], () =>
    drift().map(({ kind, services }): Sample => [{ kind }, services]),
  );
  looked(
    registry,
    'cluster_view_age_seconds',
    'Time since the last successful poll of the cluster.',
    [],
    () => {
      const view = watch.latest();
      return view ? [[{}, Math.max(0, (clock.now() - view.at) / 1000)]] : [];
    },
  );
}
