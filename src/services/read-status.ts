/** Returns the status of a service from the data in the daemon's memory and records. Never calls a remote system. */
import { type AccountView, STATUS_USAGE } from '../model/account.js';
import { backupsUsed } from '../model/backups.js';
import { namesOf } from '../model/domain-name.js';
import { duration, gigabytes, megabytes, percent } from '../kernel/format-units.js';
import { isOpen, type Job, progressOf } from '../model/job.js';
import { customerWords } from '../model/leftovers.js';
import { isHeld, keyOf, type Service } from '../model/service.js';
import { domainsOf, type Site } from '../model/site.js';
import { provisionStatus } from '../model/status.js';
import type { Caller } from '../model/caller.js';
import type { Difference, OperationContext } from './context.js';
import { type Certificate, issuerOf } from '../model/certificate.js';
import type { State } from '../state/contract.js';
import { domainId } from '../model/custom-domain.js';
import { lookUp, seen, type Sighting, wordFor } from './read-power.js';
import { viewError, viewWaiting } from '../jobs/manage/view-job.js';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

export interface StatusSources extends OperationContext {
  /** The certificate for names below the base domain, or null when it cannot be read. */
  readonly certificate: () => Certificate | null;
}

/** Throws `service_not_found` or `state_damaged`. */
export async function readStatus(sources: StatusSources, caller: Pick<Caller, 'panel'>, id: string) {
  return viewStatus(sources, await sources.state.services.get(`${caller.panel}/${id}`));
}

export function viewStatus(sources: StatusSources, service: Service) {
  const facts = statusFacts(sources, service);
  return { ...facts.told, ...statusNow(sources, facts) };
}

/**
 * The part of a status that comes from the service's document. This part is small enough to be cached for every
 * service.
 */
export function statusFacts({ state }: Pick<StatusSources, 'state'>, service: Service) {
  const served = service.lifecycle === 'active' || service.lifecycle === 'suspended';
  const { guest, site } = service;
  return {
    key: keyOf(service),
    ...seen(service),
    stuck: service.jobs.some(({ status }) => status === 'stuck'),
    hasServer: Boolean(service.server),
    node: guest?.node ?? null,
    memoryBytes: guest && service.plan.memoryMb * MIB,
    diskBytes: guest && Math.max(service.plan.diskGb, guest.diskGb ?? 0) * GIB,
    certificate: site && ownCertificate(state, site),
    proxyEnabled: served && site !== null && site.proxyEnabled,
    /** The part of the response that does not depend on the cluster. */
    told: {
      service_id: service.id,
      plan: service.plan.name,
      provision_status: provisionStatus(service),
      lifecycle: service.lifecycle,
      suspended_for: [...service.suspendedFor],
      vmid: guest?.vmid ?? null,
      private_ip: guest?.addresses[0]?.address ?? null,
      subdomain: site?.subdomain ?? null,
      fqdn: site?.fqdn ?? null,
      url: site ? `https://${site.primaryDomain}` : null,
      public_ip: service.order.publicIps[0] ?? null,
      public_ips: [...service.order.publicIps],
      domains: site ? [site.fqdn, ...site.domains.map(({ domain }) => domain)] : [],
      primary_domain: site?.primaryDomain ?? null,
      quota: viewQuota(service),
      job: viewOpenJob(service),
      error: viewFailure(service),
      purge_at: isHeld(service) ? (service.deletion?.purgeAt ?? null) : null,
    },
  };
}

export type StatusFacts = ReturnType<typeof statusFacts>;

/** The part of the response that depends on the present state of the cluster. */
export function statusNow(
  sources: Pick<StatusSources, 'watch' | 'certificate' | 'drift' | 'accounts'>,
  facts: StatusFacts,
) {
  const sighting = lookUp(sources.watch, facts);
  const account = facts.hasServer ? sources.accounts.of(facts.key) : undefined;
  return {
    status: wordFor(facts, sighting.power),
    power: sighting.power,
    reachable: account ? account.reachable : sighting.reachable,
    node: sighting.guest?.node ?? facts.node,
    resources: viewResources(facts, sighting),
    usage: account ? usageOf(account) : viewUsage(facts, sighting),
    proxy: {
      enabled: facts.proxyEnabled,
      certificate: facts.certificate === 'wildcard' ? sources.certificate() : facts.certificate,
    },
    drift: viewDrift(sources.drift.of(facts.key)),
    stale_since: account?.staleSince ? new Date(account.staleSince).toISOString() : sighting.staleSince,
  };
}

/** Which part differs, and since when. Panels do not get the details, which are for operators. */
function viewDrift(found: readonly Difference[]) {
  return found.map(({ item: { part, problem }, since }) => ({
    part,
    problem,
    since: new Date(since).toISOString(),
  }));
}

/** The certificate of the primary domain: the base domain's wildcard, or the domain's own. */
function ownCertificate({ domains }: State, site: Site): Certificate | null | 'wildcard' {
  if (site.primaryDomain === site.fqdn) return 'wildcard';
  const own = site.domains.find((one) => namesOf(one).includes(site.primaryDomain));
  const held = own && domains.find(domainId(own.domain))?.certificate;
  return held ? { issuer: issuerOf(held.chain), expires_at: held.expiresAt } : null;
}

function viewQuota(service: Service) {
  return {
    domains: { used: domainsOf(service).length, allowed: service.plan.domains },
    backups: {
      used: backupsUsed(service),
      allowed: service.plan.backups,
    },
  };
}

const UNKNOWN = 'unknown';

/** Usage and limits of the resources. Values that were never measured are `unknown`, not zero. */
function viewResources(facts: StatusFacts, { guest }: Sighting) {
  const memory = guest?.memoryLimitBytes ?? facts.memoryBytes;
  const disk = guest?.diskLimitBytes ?? facts.diskBytes;
  const memoryLimit = memory === null ? UNKNOWN : megabytes(memory);
  const diskLimit = disk === null ? UNKNOWN : gigabytes(disk);
  return {
    cpu: guest ? percent(guest.cpu) : UNKNOWN,
    memory: `${guest ? megabytes(guest.memoryBytes) : UNKNOWN} / ${memoryLimit}`,
    disk: `${guest ? gigabytes(guest.diskBytes) : UNKNOWN} / ${diskLimit}`,
    uptime: guest ? duration(guest.uptimeS) : UNKNOWN,
  };
}

function viewUsage(facts: StatusFacts, { guest }: Sighting) {
  return {
    cpu: guest?.cpu ?? null,
    memory_bytes: guest?.memoryBytes ?? null,
    memory_limit_bytes: guest?.memoryLimitBytes ?? facts.memoryBytes,
    disk_bytes: guest?.diskBytes ?? null,
    disk_limit_bytes: guest?.diskLimitBytes ?? facts.diskBytes,
    network_in_bytes: guest?.networkInBytes ?? null,
    network_out_bytes: guest?.networkOutBytes ?? null,
    uptime_seconds: guest?.uptimeS ?? null,
  };
}

/** The usage of an account as its server reports it. Numbers with other names are in `other`. */
function usageOf({ usage }: AccountView) {
  const known = STATUS_USAGE.map((name): [string, number | null] => [name, usage[name] ?? null]);
  const others = Object.entries(usage).filter(([name]) => !STATUS_USAGE.some((one) => one === name));
  return {
    ...(Object.fromEntries(known) as Record<(typeof STATUS_USAGE)[number], number | null>),
    ...(others.length > 0 ? { other: Object.fromEntries(others) } : {}),
  };
}

function viewOpenJob(service: Service) {
  const job = service.jobs.find((candidate) => candidate.status === 'stuck') ?? service.jobs.find(isOpen);
  if (!job) return null;
  const { step, stepsDone, stepsTotal } = progressOf(job);
  return {
    id: job.id,
    method: job.method,
    status: job.status,
    step,
    steps_done: stepsDone,
    steps_total: stepsTotal,
    waiting: viewWaiting(job),
    remains: customerWords(job.remains ?? []),
  };
}

/** Why the service failed, or the last error of the running job. */
function viewFailure(service: Service) {
  const failed = (job: Job): boolean => job.status === 'failed' || job.status === 'stuck';
  const job = service.jobs.findLast((candidate) => failed(candidate) || isOpen(candidate));
  // a failed order is kept for the operator until it is placed again, but is not shown as an error once a later job
  // has ended
  const isOver = job?.status === 'failed' && service.lifecycle !== 'failed' && job !== service.jobs.at(-1);
  return isOver ? null : viewError(job?.error, false);
}
