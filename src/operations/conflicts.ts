/**
 * What becomes of a new wish while a service stands as it does and other jobs are under way: the one table. Pure; docs/operating.md shows it, and a
 * test holds both together.
 */
import { isDeepStrictEqual } from 'node:util';
import { AgentError, type ErrorCode } from '../domain/errors.js';
import { isOpen, type Job } from '../domain/job.js';
import type { JsonObject } from '../domain/json.js';
import { isHeld, type Service } from '../domain/service.js';

/** Methods that behave alike. */
export const GROUPS = {
  create: ['create'],
  restore: ['restore'],
  delete: ['delete'],
  forget: ['forget'],
  purge: ['purge'],
  suspend: ['suspend'],
  unsuspend: ['unsuspend'],
  upgrade: ['upgrade'],
  /** What the look for drift has found to differ. */
  repair: ['repair'],
  owner: ['setEmail'],
  power: ['start', 'stop', 'restart'],
  backup: ['makeBackup', 'removeBackup'],
  rollback: ['rollback', 'reset'],
  domain: ['addDomain', 'removeDomain', 'setPrimary', 'toggle'],
  /** Runs beside the others: nothing waits for it. */
  certificate: ['certificate'],
  /** Whatever else a product offers its customers. */
  other: [],
} as const satisfies Record<string, readonly string[]>;

export type Group = keyof typeof GROUPS;

export const STANDINGS = [
  'creating',
  'active',
  'suspended',
  'stuck',
  'failed',
  'held',
  'terminated',
] as const;
/** `stuck`: an operation must be finished by a person; `held`: deleted, and kept until its purge; the others as the lifecycle. */
export type Standing = (typeof STANDINGS)[number];

export const REFUSALS = {
  suspended: ['service_suspended', 'The service is suspended.'],
  making: ['service_busy', 'The site is still being made.'],
  stuck: [
    'service_failed',
    'An operation on this site did not come to its end; the operator must finish it first.',
  ],
  failed: ['service_failed', 'The site could not be made.'],
  deleting: ['service_terminated', 'The site is being deleted.'],
  gone: ['service_terminated', 'The service was deleted.'],
  alive: ['service_exists', 'The service was not deleted.'],
  full: ['service_busy', 'Too many operations of this site wait already; try again when some have ended.'],
} as const satisfies Record<string, readonly [ErrorCode, string]>;

export type Refusal = keyof typeof REFUSALS;
export type StandingRule = 'go' | Refusal;
export type OpenJobRule = 'queue' | 'supersede' | Refusal;

type ByStanding = Readonly<Record<Standing, StandingRule>>;

const customer: ByStanding = {
  creating: 'go',
  active: 'go',
  suspended: 'suspended',
  stuck: 'stuck',
  failed: 'failed',
  held: 'gone',
  terminated: 'gone',
};
const panel: ByStanding = { ...customer, suspended: 'go', stuck: 'go' };
const everAfter: ByStanding = {
  creating: 'alive',
  active: 'alive',
  suspended: 'alive',
  stuck: 'alive',
  failed: 'alive',
  held: 'go',
  terminated: 'gone',
};
const whileItLives: ByStanding = { ...panel, failed: 'go' };

/** First question: may it be asked of a service that stands so? */
export const BY_STANDING: Readonly<Record<Group, ByStanding>> = {
  // the order itself is judged by create-site.ts; a job `create` is never wished through here
  create: { ...everAfter, held: 'gone' },
  restore: everAfter,
  delete: whileItLives,
  forget: { ...whileItLives, held: 'go' },
  purge: everAfter,
  suspend: panel,
  unsuspend: panel,
  upgrade: { ...panel, stuck: 'stuck' },
  repair: { ...panel, creating: 'making', stuck: 'stuck' },
  owner: panel,
  power: customer,
  backup: customer,
  // going back to a known state is the way out of many a stuck job
  rollback: { ...customer, creating: 'making', stuck: 'go' },
  domain: customer,
  certificate: { ...customer, suspended: 'go' },
  other: customer,
};

/** Waiting jobs stand in the service's document: a system that is down for long must not let it grow without an end. What ends or stops a site is always taken. */
const MOST_OPEN = 50;

const DELETIONS: readonly Group[] = ['delete', 'forget', 'purge'];

const POWER_ANEW = ['start', 'stop', 'restart', 'suspend', 'unsuspend', 'rollback', 'reset', 'restore'];

/**
 * The same wish as an open job joins it, unless behind that job one of these methods waits, which takes back or overtakes what it does. Not named here:
 * whatever waits behind it does.
 */
export const OVERTAKEN_BY: Readonly<Record<string, readonly string[]>> = {
  suspend: ['unsuspend'],
  unsuspend: ['suspend'],
  upgrade: ['upgrade'],
  setEmail: ['setEmail'],
  start: POWER_ANEW,
  stop: POWER_ANEW,
  restart: POWER_ANEW,
  makeBackup: ['rollback', 'reset'],
  // a name is never given out twice
  removeBackup: [],
  rollback: ['rollback', 'reset'],
  reset: ['rollback', 'reset'],
  addDomain: ['removeDomain'],
  removeDomain: ['addDomain'],
  setPrimary: ['setPrimary', 'removeDomain'],
  toggle: ['toggle'],
};

/** Second question: what becomes of the two when a job of that group is under way? A wish that joins one (`OVERTAKEN_BY`) is not asked. */
export function openJobRule(wish: Group, open: Group): OpenJobRule {
  if (wish === 'forget') return 'supersede';
  if (wish === 'delete') return open === 'forget' ? 'deleting' : 'supersede';
  if (open === 'purge' && wish === 'restore') return 'deleting';
  if (DELETIONS.includes(open)) return 'deleting';
  return 'queue';
}

export function groupOf(method: string): Group {
  for (const [group, methods] of entries()) if (methods.includes(method)) return group;
  return 'other';
}

function entries(): [Group, readonly string[]][] {
  return Object.entries(GROUPS).map(([group, methods]) => [group as Group, methods]);
}

export function standingOf(service: Service): Standing {
  if (service.lifecycle === 'terminated') return isHeld(service) ? 'held' : 'terminated';
  // whoever is suspended stays so, whatever else is wrong; what is asked of one being made would come after the suspension
  const willBe = service.lifecycle === 'creating' && service.suspendedFor.length > 0;
  if (service.lifecycle === 'suspended' || willBe) return 'suspended';
  if (service.jobs.some((job) => job.status === 'stuck')) return 'stuck';
  return service.lifecycle;
}

export type Verdict =
  | { readonly kind: 'add'; readonly supersedes: readonly Job[] }
  | { readonly kind: 'join'; readonly job: Job }
  | { readonly kind: 'refuse'; readonly error: AgentError };

/** Judges the wish for a job of this method with these arguments. */
export function judge(
  service: Service,
  method: string,
  args: JsonObject | ((args: JsonObject) => boolean),
): Verdict {
  const wish = groupOf(method);
  const open = service.jobs.filter(isOpen);
  const standing = BY_STANDING[wish][standingOf(service)];
  if (standing !== 'go') return refuse(standing);
  const joined = joinable(open, method, args);
  if (joined) return { kind: 'join', job: joined };
  if (open.length >= MOST_OPEN && !DELETIONS.includes(wish) && method !== 'suspend') return refuse('full');
  const supersedes: Job[] = [];
  for (const job of open) {
    const rule = openJobRule(wish, groupOf(job.method));
    if (rule === 'supersede') supersedes.push(job);
    else if (rule !== 'queue') return refuse(rule);
  }
  return { kind: 'add', supersedes };
}

/** The newest open job that does what is wished, and whose work will stand. */
function joinable(open: readonly Job[], method: string, args: Parameters<typeof judge>[2]): Job | undefined {
  const overtaking = OVERTAKEN_BY[method];
  for (const job of [...open].reverse()) {
    if (isSame(job, method, args)) return job;
    const runsBeside = groupOf(job.method) === 'certificate' && method !== 'certificate';
    if (!runsBeside && (overtaking === undefined || overtaking.includes(job.method))) return undefined;
  }
  return undefined;
}

function isSame(job: Job, method: string, args: Parameters<typeof judge>[2]): boolean {
  return (
    job.method === method &&
    job.direction === 'forward' &&
    job.cancel === undefined &&
    (typeof args === 'function' ? args(job.args) : isDeepStrictEqual(job.args, args))
  );
}

function refuse(why: Refusal): Verdict {
  const [code, message] = REFUSALS[why];
  return { kind: 'refuse', error: new AgentError(code, message) };
}
