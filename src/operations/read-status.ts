/** Says how a service is, from what the daemon knows; never asks a system behind it. */
import { duration, gigabytes, megabytes, percent } from '../domain/figures.js';
import { isOpen, type Job, progressOf } from '../domain/job.js';
import { isHeld, type Service } from '../domain/service.js';
import { provisionStatus, statusWord } from '../domain/status.js';
import type { Caller } from './caller.js';
import type { OperationContext } from './context.js';
import type { Certificate } from './certificate.js';
import { backupsUsed } from './snapshot-rules.js';
import { lookUp, type Sighting } from './read-power.js';
import { viewError, viewWaiting } from './view-job.js';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

export interface StatusSources extends OperationContext {
  /** The certificate that visitors of names below the base domain get, or null when it cannot be read. */
  readonly certificate: () => Certificate | null;
}

/** Throws `service_not_found` or `state_damaged`. */
export async function readStatus(sources: StatusSources, caller: Pick<Caller, 'panel'>, id: string) {
  return viewStatus(sources, await sources.state.services.get(`${caller.panel}/${id}`));
}

export function viewStatus(sources: StatusSources, service: Service) {
  const sighting = lookUp(sources.watch, service);
  return {
    service_id: service.id,
    plan: service.plan.name,
    status: statusWord(service, sighting.power),
    provision_status: provisionStatus(service),
    lifecycle: service.lifecycle,
    power: sighting.power,
    reachable: sighting.reachable,
    suspended_for: [...service.suspendedFor],
    vmid: service.vmid,
    node: sighting.guest?.node ?? service.node,
    private_ip: service.addresses[0]?.address ?? null,
    subdomain: service.subdomain,
    fqdn: service.fqdn,
    url: `https://${service.fqdn}`,
    public_ip: service.order.publicIps[0] ?? null,
    public_ips: [...service.order.publicIps],
    resources: viewResources(service, sighting),
    usage: viewUsage(service, sighting),
    domains: [service.fqdn],
    primary_domain: service.fqdn,
    proxy: {
      enabled: service.lifecycle === 'active' && service.proxyEnabled,
      certificate: sources.certificate(),
    },
    quota: {
      domains: { used: 0, allowed: service.plan.domains },
      backups: {
        used: backupsUsed(service),
        allowed: service.plan.backups,
      },
    },
    job: viewOpenJob(service),
    error: viewFailure(service),
    purge_at: isHeld(service) ? (service.deletion?.purgeAt ?? null) : null,
    stale_since: sighting.staleSince,
  };
}

/** What was never measured is called `unknown` rather than nought. */
function viewResources(service: Service, { guest }: Sighting) {
  const memoryLimit = megabytes(guest?.memoryLimitBytes ?? service.plan.memoryMb * MIB);
  const diskLimit = gigabytes(guest?.diskLimitBytes ?? service.plan.diskGb * GIB);
  return {
    cpu: guest ? percent(guest.cpu) : 'unknown',
    memory: `${guest ? megabytes(guest.memoryBytes) : 'unknown'} / ${memoryLimit}`,
    disk: `${guest ? gigabytes(guest.diskBytes) : 'unknown'} / ${diskLimit}`,
    uptime: guest ? duration(guest.uptimeS) : 'unknown',
  };
}

function viewUsage(service: Service, { guest }: Sighting) {
  return {
    cpu: guest?.cpu ?? null,
    memory_bytes: guest?.memoryBytes ?? null,
    memory_limit_bytes: guest?.memoryLimitBytes ?? service.plan.memoryMb * MIB,
    disk_bytes: guest?.diskBytes ?? null,
    disk_limit_bytes: guest?.diskLimitBytes ?? service.plan.diskGb * GIB,
    network_in_bytes: guest?.networkInBytes ?? null,
    network_out_bytes: guest?.networkOutBytes ?? null,
    uptime_seconds: guest?.uptimeS ?? null,
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
  };
}

/** Why it failed, or what the job under way last ran into. */
function viewFailure(service: Service) {
  const failed = (job: Job): boolean => job.status === 'failed' || job.status === 'stuck';
  const job = service.jobs.findLast((candidate) => failed(candidate) || isOpen(candidate));
  return viewError(job?.error, false);
}
