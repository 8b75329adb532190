/**
 * For each kind of job, the changes that the agent makes in the service when the job ends. The daemon passes `withJob`
 * to the job engine.
 */
import { afterReturn, passwordInDoubt, passwordNotSet, passwordSet } from '../model/credentials.js';
import { withoutRequestedDomain } from '../model/requested-domain.js';
import { isOrder } from '../model/failed-order.js';
import { isOpen, type Job } from '../model/job.js';
import { isCoreKind, type JobKind } from '../model/job-kinds.js';
import { type Guest, RELEASED } from '../model/guest.js';
import {
  type Deletion,
  mayBecome,
  type Service,
  SUSPENSION_REASONS,
  withGuest,
  withSite,
} from '../model/service.js';
import { LIST_LAG_MS, settledPower } from '../model/status.js';
import { withDisk, withPlan } from '../model/upgrade.js';
import { INITIAL_SNAPSHOT } from '../model/snapshot-rules.js';

type Rule = (service: Service, job: Job, now: string) => Service;

interface Outcome {
  readonly completed?: Rule;
  /** Applied when the job failed or was cancelled, and was undone. */
  readonly undone?: Rule;
  /** Applied when the job is stuck and an operator must finish it. */
  readonly stuck?: Rule;
  /** Applied when an operator has abandoned the job. */
  readonly abandoned?: Rule;
  /** Kinds whose stuck jobs are resolved when this job completes, in addition to the job's own kind. */
  readonly heals?: readonly JobKind[] | 'all';
}

const become = (service: Service, lifecycle: Service['lifecycle'], also: Partial<Service> = {}): Service => {
  if (!mayBecome(service.lifecycle, lifecycle))
    throw new Error(`a service cannot go from ${service.lifecycle} to ${lifecycle}`);
  return { ...service, lifecycle, ...also };
};

/** The service after its job: active, or suspended if a reason for suspension remains. */
const live = (service: Service, also: Partial<Service> = {}): Service =>
  become(service, service.suspendedFor.length > 0 ? 'suspended' : 'active', also);

/**
 * Releases the VMID, addresses, node, and the place on a server. The name is then free too (see
 * state/stores/claims.ts).
 */
const released = (service: Service, also: Partial<Guest> = {}): Service => ({
  ...withGuest(service, { ...RELEASED, ...also }),
  ...(service.server ? { server: null } : {}),
});

/** Removes all custom domains. */
const withoutDomains = (service: Service): Service =>
  service.site ? withSite(service, { domains: [], primaryDomain: service.site.fqdn }) : service;

/** Cancels the queued jobs, because their site will not exist. */
const withoutQueue = (service: Service, now: string): Service => ({
  ...service,
  jobs: service.jobs.map((other): Job =>
    isOpen(other) ? { ...other, cancel: { at: now, undo: false } } : other,
  ),
});

const unmade: Rule = (service, _job, now) =>
  become(released(withoutQueue(service, now)), 'failed', { suspendedFor: [] });

/** The record that remains of a deleted service. */
const tombstone = (service: Service, deletion: Deletion): Service =>
  become(withoutDomains(withoutRequestedDomain(released(service, { lastBackup: null }))), 'terminated', {
    deletion,
    secrets: {},
    suspendedFor: [],
  });

const deletionOf = (service: Service, job: Job, now: string): Deletion =>
  service.deletion ?? { requestedAt: job.createdAt, purgeAt: now };

const deleted: Rule = (service, job, now) => {
  const { hold_s: holdS } = job.args;
  const requestedAt = job.createdAt;
  const isKept = service.guest !== null && typeof holdS === 'number' && holdS > 0;
  if (!isKept) return tombstone(service, { requestedAt, purgeAt: now });
  const purgeAt = new Date(Date.parse(now) + holdS * 1000).toISOString();
  return become(withoutDomains(withoutRequestedDomain(service)), 'terminated', {
    deletion: { requestedAt, purgeAt },
  });
};

const purged: Rule = (service, job, now) => {
  const { leftBehind: _, ...deletion } = deletionOf(service, job, now);
  return tombstone(service, deletion);
};

const leftOf = ({ vmid, node, snapshots }: Guest): string[] =>
  vmid === null
    ? []
    : [
        `container ${vmid} on ${node ?? '(no node)'}`,
        ...snapshots.map(({ name }) => `snapshot ${name} of container ${vmid}`),
        `HA resource of container ${vmid}, if there is one`,
      ];

const forgotten: Rule = (service, job, now) => {
  return tombstone(service, {
    ...deletionOf(service, job, now),
    purgeAt: now,
    leftBehind: [
      ...(service.guest ? leftOf(service.guest) : []),
      ...(service.server ? [`account on the server ${service.server.id}`] : []),
    ],
  });
};

/**
 * The outcome of an abandoned creation. If anything may still exist, the VMID, addresses and name stay
 * claimed until the service is deleted.
 */
const leftUnmade: Rule = (service, job, now) =>
  job.remains?.length ? become(withoutQueue(service, now), 'failed') : unmade(service, job, now);

/**
 * The outcome of an unfinished deletion. A half-removed service must be deleted again. The kept container of a deleted
 * service stays until its deletion is requested again.
 */
const leftUndeleted: Rule = (service, job) =>
  service.lifecycle === 'terminated' && service.deletion
    ? {
        ...service,
        deletion: { ...service.deletion, leftBehind: job.remains?.map(({ what }) => what) ?? [] },
      }
    : become(service, 'failed');

/**
 * The outcome of a failed password reset. If the script reported an error, the password is unchanged. If the script's
 * result was lost, it is unknown which password the site has.
 */
const notReset: Rule = (service, job) => {
  const error = job.reason ?? job.error;
  const isCertain = error !== undefined && !error.retryable && !job.cancel;
  return isCertain ? passwordNotSet(service) : passwordInDoubt(service);
};

const reasonsOf = (job: Job): Service['suspendedFor'] =>
  SUSPENSION_REASONS.filter((reason) => reason === job.args['reason']);

const suspended: Rule = (service, job) =>
  become(service, 'suspended', {
    suspendedFor: [...new Set([...service.suspendedFor, ...reasonsOf(job)])],
  });

/**
 * Lifts the reason for a suspension, unless an open job sets the reason again. If the reason were lifted now, the
 * customer would have access between the two jobs.
 */
const unsuspended: Rule = (service, job) => {
  const again = service.jobs
    .filter((other) => other.method === 'suspend' && isOpen(other))
    .flatMap(reasonsOf);
  const lifted = reasonsOf(job).filter((reason) => !again.includes(reason));
  return live({
    ...service,
    suspendedFor: service.suspendedFor.filter((reason) => !lifted.includes(reason)),
  });
};

/** Restores the domains to their state before the request, which had changed them in advance of the job. */
const domainNotAdded: Rule = (service, { args }) => {
  const added = service.site?.domains ?? [];
  const before = added.find(({ domain, www }) => domain === args['domain'] && www === args['www']);
  if (!before) return service;
  const { widened } = args;
  const domains =
    typeof widened === 'string'
      ? added.map((entry) => (entry === before ? { ...entry, domain: widened, www: false } : entry))
      : added.filter((entry) => entry !== before);
  return withSite(service, { domains });
};

const primaryNotSet: Rule = (service, { args }) =>
  service.site?.primaryDomain === args['name'] && typeof args['before'] === 'string'
    ? withSite(service, { primaryDomain: args['before'] })
    : service;

const notToggled: Rule = (service, { args }) =>
  typeof args['before'] === 'boolean' ? withSite(service, { proxyEnabled: args['before'] }) : service;

/**
 * Restores the owner from before the request, which had changed the owner in advance of the job. If a later change of
 * the owner is still open and fails too, the service returns to the address that is restored here.
 */
const ownerNotSet: Rule = (service, { args }) => {
  const { email, email_before: emailBefore, user_id: user, user_id_before: userBefore } = args;
  if (typeof emailBefore !== 'string') return service;
  const isBehind = (other: Job): boolean =>
    other.method === 'setEmail' && isOpen(other) && other.args['email_before'] === email;
  if (service.jobs.some(isBehind)) {
    const jobs = service.jobs.map((other) =>
      isBehind(other) ? { ...other, args: { ...other.args, email_before: emailBefore } } : other,
    );
    return { ...service, jobs };
  }
  if (service.email !== email) return service;
  const isTheirs = user !== undefined && service.userId === user;
  const hadUser = typeof userBefore === 'string' || userBefore === null;
  return { ...service, email: emailBefore, ...(isTheirs && hadUser ? { userId: userBefore } : {}) };
};

/**
 * The size of the disk after a rollback. The disk has at least the plan's size, but may be smaller than before, because
 * the snapshot may be older than an enlargement.
 */
const returned: Rule = (service, { args }) =>
  afterReturn(
    { ...service, guest: service.guest && withDisk(service.guest, null) },
    typeof args['name'] === 'string' ? args['name'] : INITIAL_SNAPSHOT,
  );

const POWER = ['start', 'stop', 'restart'] as const;
const ROLLBACKS = ['rollback', 'reset'] as const;
/** For kinds whose end changes nothing, or whose steps have already recorded the change. */
const NONE: Outcome = {};

const OUTCOMES = {
  create: {
    completed: (service, _job, now) => live(service, { activeAt: now }),
    undone: unmade,
    abandoned: leftUnmade,
    stuck: (service) => become(service, 'failed'),
  },
  restore: {
    completed: (service) => live(service, { deletion: null }),
    undone: (service, _job, now) => become(withoutQueue(service, now), 'terminated'),
    // the container is kept as before, and the purge removes everything
    abandoned: (service, _job, now) => become(withoutQueue(service, now), 'terminated'),
    stuck: (service) => become(service, 'failed'),
  },
  delete: { completed: deleted, abandoned: leftUndeleted, heals: 'all' },
  purge: { completed: purged, abandoned: leftUndeleted, heals: 'all' },
  forget: { completed: forgotten, abandoned: leftUndeleted, heals: 'all' },
  suspend: { completed: suspended, heals: ['unsuspend', ...POWER] },
  unsuspend: { completed: unsuspended, heals: ['suspend', ...POWER] },
  upgrade: { completed: (service, job, now) => withPlan(service, job.pinned.plan, now) },
  repair: NONE,
  setEmail: { undone: ownerNotSet },
  start: NONE,
  stop: NONE,
  restart: NONE,
  makeBackup: NONE,
  removeBackup: NONE,
  rollback: { completed: returned, heals: [...ROLLBACKS, ...POWER] },
  reset: { completed: returned, heals: [...ROLLBACKS, ...POWER] },
  addDomain: { undone: domainNotAdded },
  removeDomain: NONE,
  setPrimary: { undone: primaryNotSet },
  toggle: { undone: notToggled },
  certificate: NONE,
  loginLink: NONE,
  resetPassword: {
    completed: (service, _job, now) => passwordSet(service, now),
    undone: notReset,
  },
} as const satisfies Record<JobKind, Outcome>;

/**
 * Jobs of modules record their changes in their own steps. Only a password that such a job has set for the
 * administrator takes effect here, as after a reset of the credentials.
 */
const OF_MODULES: Outcome = {
  completed: (service, _job, now) => passwordSet(service, now),
  undone: notReset,
};

const outcomeOf = (kind: string): Outcome => (isCoreKind(kind) ? OUTCOMES[kind] : OF_MODULES);

/**
 * The service with the present state of this job. If the job has ended, its outcome is applied, and ended jobs that
 * are no longer needed are removed.
 */
export function withJob(service: Service, job: Job, now: string): Service {
  const before = service.jobs.find(({ id }) => id === job.id);
  const goesOn = before !== undefined && before.endedAt !== null && job.endedAt === null;
  const jobs = goesOn
    ? // the job continues after the jobs that were requested in the meantime
      [...service.jobs.filter(({ id }) => id !== job.id), job]
    : service.jobs.map((other) => (other.id === job.id ? job : other));
  const next = { ...service, jobs, updatedAt: now };
  if (job.endedAt === null) return next;
  const outcome = outcomeOf(job.method);
  const kept = jobs.filter((other) => other.id === job.id || mustStay(other, job, outcome));
  const told = settledPower([job]);
  const seen = told === null ? next : withGuest(next, { power: told.power });
  return ruleFor(job, outcome)({ ...seen, jobs: kept }, job, now);
}

/**
 * Whether a job must stay in the record. An open job stays; a stuck job stays until another job has repaired what it
 * left; a failed order stays until it is placed again or is no longer wanted.
 */
function mustStay(other: Job, ended: Job, { heals = [] }: Outcome): boolean {
  if (other.endedAt === null) return true;
  const isHealed =
    ended.status === 'completed' &&
    (heals === 'all' || other.method === ended.method || heals.some((kind) => kind === other.method));
  if (other.status === 'stuck') return !isHealed;
  if (isOrder(other) && !isHealed && other.method !== ended.method) return true;
  return heals !== 'all' && knowsPower(other, ended);
}

/**
 * True when the job `other` is still needed to know the power state: it started or stopped the container a moment ago,
 * the cluster's list may not show that yet, and the job that ended now does not determine the power state.
 */
function knowsPower(other: Job, ended: Job): boolean {
  const settled = settledPower([other]);
  if (settled === null || settledPower([ended]) !== null || ended.endedAt === null) return false;
  return Date.parse(ended.endedAt) - settled.at < LIST_LAG_MS;
}

const unchanged: Rule = (service) => service;

function ruleFor(job: Job, { completed, undone, stuck, abandoned }: Outcome): Rule {
  if (job.abandonedAt !== undefined) return abandoned ?? unchanged;
  if (job.status === 'completed') return completed ?? unchanged;
  if (job.status === 'stuck') return stuck ?? unchanged;
  // a superseded job changes nothing, because the job queued after it removes everything
  if (job.status === 'cancelled' && job.cancel?.undo === false) return unchanged;
  return undone ?? unchanged;
}
