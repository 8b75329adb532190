/** When an alert is due: for each kind, what of it holds now. Looks at records only, so nothing is missed while the agent was down. */
import type { AlertKind, AlertRecord, AlertWish } from '../domain/alert.js';
import { FOR_RELEASE } from '../domain/job.js';
import type { Config } from '../config/config.js';
import type { Clock } from '../domain/clock.js';
import type { OwnCertificate } from '../domain/own-certificate.js';
import type { PoolUse } from '../domain/pool-use.js';
import type { State } from '../state/contract.js';

const DAY_MS = 86_400_000;
const DOWN_MS = 300_000;
/** A certificate with less than this part of its lifetime left is late, however short-lived it is. */
const LATE = 1 / 4;
/** Percent below the limit at which a pool is well again. */
const POOL_EASE = 5;

/** One remote system that does not answer. */
export interface OpenCircuit {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  /** RFC 3339 */
  readonly since: string;
}

export interface ConditionSources {
  readonly config: Pick<Config, 'alerts' | 'deletion'>;
  readonly state: Pick<State, 'services' | 'domains'>;
  readonly clock: Clock;
  readonly pools: () => readonly PoolUse[];
  readonly ownCertificates: () => readonly OwnCertificate[];
  readonly circuits: () => readonly OpenCircuit[];
  readonly drift: () => readonly { readonly kind: string; readonly services: number }[];
  /** The last write failed, with this code, since then (RFC 3339). */
  readonly failingWrites: () => { readonly since: string; readonly code: string } | undefined;
  /** Panels that named a plan nobody sells, and when (epoch ms) they did so last. */
  readonly unknownPlans: () => ReadonlyMap<string, { readonly plan: string; readonly at: number }>;
}

export type Condition = (active: readonly AlertRecord[]) => Promise<AlertWish[]> | AlertWish[];

const ofAgent = { panel: null, serviceId: null } as const;

export function conditions(sources: ConditionSources): Readonly<Record<AlertKind, Condition>> {
  /** Name of a system -> since when (epoch ms) it was not well: a circuit's own time begins anew with every probe. */
  const down = new Map<string, number>();
  return {
    job_stuck: () => stuckJobs(sources),
    deletion_brake: () => heldDeletions(sources),
    state_write_failing: () => failingWrites(sources),
    system_down: () => deadSystems(sources, down),
    certificate_expiry: () => lateCertificates(sources),
    pool_low: (active) => lowPools(sources, active),
    drift: () =>
      sources
        .drift()
        .filter(({ services }) => services > 0)
        .map(({ kind, services }): AlertWish => {
          const text = `${services} services differ from their records: ${kind}.`;
          return { kind: 'drift', subject: kind, ...ofAgent, text, data: { services } };
        }),
    unknown_plan: (active) => unknownPlans(sources, active),
  };
}

async function stuckJobs({ state }: ConditionSources): Promise<AlertWish[]> {
  const wishes: AlertWish[] = [];
  for (const entry of [...state.services.entries()].filter(({ stuck }) => stuck)) {
    const service = await state.services.find(entry.key).catch(() => undefined);
    for (const job of service?.jobs.filter(({ status }) => status === 'stuck') ?? [])
      wishes.push({
        kind: 'job_stuck',
        subject: job.id,
        panel: entry.panel,
        serviceId: entry.id,
        text: `The operation ${job.method} on service ${entry.id} is stuck: a person must finish it.`,
        data: {
          job_id: job.id,
          method: job.method,
          code: job.error?.code ?? null,
          step: job.error?.step ?? null,
        },
      });
  }
  return wishes;
}

function heldDeletions({ state, config }: ConditionSources): AlertWish[] {
  const held = new Map<string, number>();
  for (const { panel, openJobs } of state.services.entries())
    if (openJobs.some(({ waitsFor }) => waitsFor === FOR_RELEASE))
      held.set(panel, (held.get(panel) ?? 0) + 1);
  return [...held].map(([panel, count]): AlertWish => {
    const brake = config.deletion.brake;
    const text = `Panel ${panel} has ordered more than ${brake} deletions within an hour: the others wait for a release.`;
    return {
      kind: 'deletion_brake',
      subject: panel,
      panel,
      serviceId: null,
      text,
      data: { held: count, brake },
    };
  });
}

function failingWrites({ failingWrites: failing }: ConditionSources): AlertWish[] {
  const found = failing();
  if (!found) return [];
  const text = `The state cannot be written (${found.code}): calls are refused.`;
  return [{ kind: 'state_write_failing', subject: 'state', ...ofAgent, text, data: { ...found } }];
}

function deadSystems({ circuits, clock }: ConditionSources, down: Map<string, number>): AlertWish[] {
  const sick = circuits().filter(({ state }) => state !== 'closed');
  for (const name of down.keys()) if (!sick.some((one) => one.name === name)) down.delete(name);
  return sick.flatMap(({ name, role, since }): AlertWish[] => {
    const from = down.get(name) ?? Date.parse(since);
    down.set(name, from);
    if (clock.now() - from < DOWN_MS) return [];
    const text = `The ${role} (${name}) does not answer; jobs wait for it.`;
    const data = { role, since: new Date(from).toISOString() };
    return [{ kind: 'system_down', subject: name, ...ofAgent, text, data }];
  });
}

const OWN = { base_domain: 'the base domain', api: 'the API' } as const;

function lateCertificates({ config, state, clock, ownCertificates }: ConditionSources): AlertWish[] {
  const mostMs = config.alerts.certificate_days * DAY_MS;
  const wish = (
    subject: string,
    until: string,
    panel: string | null,
    serviceId: string | null,
  ): AlertWish => {
    const text = `The certificate of ${subject} was not renewed and ends at ${until}.`;
    return { kind: 'certificate_expiry', subject, panel, serviceId, text, data: { expires_at: until } };
  };
  const wishes: AlertWish[] = [];
  for (const own of ownCertificates())
    if (Date.parse(own.expires_at) - clock.now() < mostMs)
      wishes.push(wish(OWN[own.of], own.expires_at, null, null));
  for (const { domain, service, certificate } of state.domains.list()) {
    if (service === null || certificate === null) continue;
    const until = Date.parse(certificate.expiresAt);
    const late = Math.min(mostMs, (until - Date.parse(certificate.issuedAt)) * LATE);
    if (until - clock.now() >= late) continue;
    const [panel = null, id = null] = service.split('/');
    wishes.push(wish(domain, certificate.expiresAt, panel, id));
  }
  return wishes;
}

function lowPools({ config, pools }: ConditionSources, active: readonly AlertRecord[]): AlertWish[] {
  return pools().flatMap(({ pool, used, total }): AlertWish[] => {
    const raised = active.some(({ subject }) => subject === pool);
    const limit = config.alerts.pool_percent - (raised ? POOL_EASE : 0);
    if (total === 0 || (used / total) * 100 < limit) return [];
    const text = `${used} of ${total} of ${pool} are used.`;
    return [{ kind: 'pool_low', subject: pool, ...ofAgent, text, data: { used, total } }];
  });
}

/** After a restart nobody remembers when it was last: then the day counts from when it was raised. */
function unknownPlans(
  { unknownPlans: seen, clock }: ConditionSources,
  active: readonly AlertRecord[],
): AlertWish[] {
  const recent = [...seen()].filter(([, { at }]) => clock.now() - at < DAY_MS);
  const wishes = recent.map(([panel, { plan }]): AlertWish => {
    const text = `Panel ${panel} orders the plan "${plan}", which is not configured.`;
    return { kind: 'unknown_plan', subject: panel, panel, serviceId: null, text, data: { plan } };
  });
  const others = active.filter(
    ({ subject, raisedAt }) =>
      !recent.some(([panel]) => panel === subject) && clock.now() - Date.parse(raisedAt) < DAY_MS,
  );
  return [...wishes, ...others];
}
