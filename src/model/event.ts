/**
 * The events of a service for panels, webhooks and the event log. The events are derived by comparing the service's
 * document before and after a change, so an event cannot be forgotten in the code of an operation.
 */
import { certifiedNames } from './domain-name.js';
import { isOpen, type Job } from './job.js';
import type { Service } from './service.js';
import type { EventType, Happening } from './service-event.js';

/** The events of a change, in the order in which they are reported. */
export function happenings(before: Service | undefined, after: Service): Happening[] {
  const fresh = before === undefined || before.generation !== after.generation;
  const old = fresh ? undefined : before;
  return [
    ...lifecycleOf(old, after),
    ...changesOf(old, after),
    ...domainsOf(old, after),
    ...backupsOf(old, after),
    ...jobsOf(before, after),
  ];
}

function lifecycleOf(before: Service | undefined, after: Service): Happening[] {
  const event = (type: EventType, data: Happening['data'] = {}): Happening[] => [{ type, data }];
  const reasons = { suspended_for: [...after.suspendedFor] };
  if (!before)
    return event('service.ordered', {
      plan: after.plan.name,
      email: after.email,
      fqdn: after.site?.fqdn ?? null,
    });
  const purged = after.lifecycle === 'terminated' && isNothingKept(before, after);
  if (before.lifecycle === after.lifecycle) {
    if (purged) return event('service.purged');
    const changed = before.suspendedFor.join() !== after.suspendedFor.join();
    return changed && after.lifecycle === 'suspended' ? event('service.suspended', reasons) : [];
  }
  if (after.lifecycle === 'terminated')
    return [
      ...event('service.terminated', { purge_at: after.deletion?.purgeAt ?? null }),
      ...(purged ? event('service.purged') : []),
    ];
  if (before.lifecycle === 'terminated') return event('service.restored');
  if (after.lifecycle === 'suspended') return event('service.suspended', reasons);
  if (after.lifecycle === 'failed') return event('service.failed', failureOf(after));
  if (after.lifecycle !== 'active') return [];
  return event(before.lifecycle === 'suspended' ? 'service.unsuspended' : 'service.active');
}

/**
 * True when nothing of the deleted service is kept any more: this change has removed its container, or the service had
 * no container.
 */
function isNothingKept(before: Service, after: Service): boolean {
  if (!after.guest) return before.lifecycle !== 'terminated';
  return before.guest !== null && before.guest.vmid !== null && after.guest.vmid === null;
}

/** The job that failed or is stuck, and the part of its error that a panel may read. */
function failureOf({ jobs }: Service): Happening['data'] {
  const job = jobs.findLast(({ status }) => status === 'stuck' || status === 'failed');
  return job ? { job_id: job.id, method: job.method, error: errorOf(job) } : {};
}

function errorOf({ error }: Job): Happening['data'][string] {
  return error ? { code: error.code, message: error.message, step: error.step || null } : null;
}

function changesOf(before: Service | undefined, after: Service): Happening[] {
  if (!before) return [];
  const list: Happening[] = [];
  if (before.plan.name !== after.plan.name)
    list.push({ type: 'service.plan_changed', data: { from: before.plan.name, to: after.plan.name } });
  if (before.email !== after.email || before.userId !== after.userId)
    list.push({ type: 'service.owner_changed', data: { email: after.email, user_id: after.userId } });
  return [...list, ...siteChangesOf(before, after)];
}

function siteChangesOf({ site: before }: Service, { site: after }: Service): Happening[] {
  if (!before || !after) return [];
  const list: Happening[] = [];
  if (before.primaryDomain !== after.primaryDomain)
    list.push({ type: 'domain.primary_changed', data: { domain: after.primaryDomain } });
  if (before.proxyEnabled !== after.proxyEnabled)
    list.push({ type: 'proxy.toggled', data: { enabled: after.proxyEnabled } });
  return list;
}

function domainsOf(before: Service | undefined, after: Service): Happening[] {
  const domains = after.site?.domains ?? [];
  const had = new Map(before?.site?.domains.map((one) => [one.domain, one]));
  const has = new Set(domains.map(({ domain }) => domain));
  return [
    ...domains.flatMap((entry): Happening[] => {
      const { domain, certificate, stray } = entry;
      const old = had.get(domain);
      const names = [...certifiedNames(entry)];
      const { state, expiresAt, problem } = certificate;
      const data = { domain, state, expires_at: expiresAt, names, problem };
      if (!old) return [{ type: 'domain.added', data: { domain } }];
      const same =
        old.certificate.state === state &&
        old.certificate.expiresAt === expiresAt &&
        certifiedNames(old).join() === names.join();
      const isOff = stray?.off === true;
      const turned: Happening[] =
        (old.stray?.off === true) === isOff
          ? []
          : [
              isOff
                ? { type: 'domain.disabled', data: { domain, problem: stray.problem } }
                : { type: 'domain.enabled', data: { domain } },
            ];
      return [...(same ? [] : [{ type: 'domain.certificate_changed' as const, data }]), ...turned];
    }),
    ...[...had.keys()]
      .filter((domain) => !has.has(domain))
      .map((domain): Happening => ({ type: 'domain.removed', data: { domain } })),
  ];
}

function backupsOf(before: Service | undefined, after: Service): Happening[] {
  const names = (service: Service | undefined): Set<string> =>
    new Set(service?.guest?.snapshots.filter(({ kind }) => kind === 'backup').map(({ name }) => name));
  const [had, has] = [names(before), names(after)];
  const difference = (type: EventType, from: Set<string>, without: Set<string>): Happening[] =>
    [...from].filter((name) => !without.has(name)).map((name) => ({ type, data: { name } }));
  return [...difference('backup.made', has, had), ...difference('backup.removed', had, has)];
}

function jobsOf(before: Service | undefined, after: Service): Happening[] {
  const known = new Map(before?.jobs.map((job) => [job.id, job]));
  return after.jobs.flatMap((job): Happening[] => {
    const old = known.get(job.id);
    const data = { job_id: job.id, method: job.method };
    const queued: Happening[] = old ? [] : [{ type: 'job.queued', data }];
    const type = isOpen(job) || old?.status === job.status ? undefined : ENDS[job.status];
    if (!type) return isOpen(job) ? queued : [];
    return [...queued, { type, data: { ...data, error: errorOf(job) } }];
  });
}

const ENDS: Readonly<Partial<Record<Job['status'], EventType>>> = {
  completed: 'job.completed',
  failed: 'job.failed',
  stuck: 'job.stuck',
  cancelled: 'job.cancelled',
};
