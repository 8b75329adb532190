/**
 * Pure rules that decide how a new request is handled, given the state of its service and the service's open jobs.
 * docs/operating.md shows the tables, and a test keeps both in sync.
 */
import { isDeepStrictEqual } from 'node:util';
import { AgentError, type ErrorCode } from '../kernel/errors.js';
import { isOpen, type Job } from '../model/job.js';
import type { Standing, StandingRule } from '../model/job-kind-data.js';
import { endsTheSite, GROUPS, kindData, type KindName } from '../model/job-kinds.js';
import type { JsonObject } from '../kernel/json.js';
import { isHeld, type Service } from '../model/service.js';

export const REFUSALS = {
  suspended: ['service_suspended', 'The service is suspended.'],
  making: ['service_busy', 'The site is still being created.'],
  stuck: ['service_failed', 'An operation on this site is stuck; the operator must finish it first.'],
  failed: ['service_failed', 'The site could not be created.'],
  deleting: ['service_terminated', 'The site is being deleted.'],
  gone: ['service_terminated', 'The service was deleted.'],
  alive: ['service_exists', 'The service has not been deleted.'],
  noGuest: ['not_supported', 'The product of this service has no container.'],
  noSite: ['not_supported', 'The product of this service has no website.'],
  full: [
    'service_busy',
    'Too many operations are queued for this site; please try again when some have finished.',
  ],
} as const satisfies Record<string, readonly [ErrorCode, string]>;

export type Refusal = keyof typeof REFUSALS;
export type OpenJobRule = 'queue' | 'supersede' | Refusal;

/**
 * Maximum number of open jobs of a service. Open jobs are part of the service's document, which must not grow without
 * limit while a system is down. The limit does not apply to requests that end or stop a site.
 */
const MOST_OPEN = 50;

/**
 * Second check: how is the request handled while a job of the kind `open` is open? A request that joins the open job is
 * not checked with this rule (see `overtakenBy` in the table of kinds).
 */
export function openJobRule(asked: string, open: string): OpenJobRule {
  const { supersedes } = kindData(asked);
  if (supersedes === 'everything') return 'supersede';
  if (supersedes === 'everything but forget') return open === 'forget' ? 'deleting' : 'supersede';
  return endsTheSite({ method: open }) ? 'deleting' : 'queue';
}

export function standingOf(service: Service): Standing {
  if (service.lifecycle === 'terminated') return isHeld(service) ? 'held' : 'terminated';
  // `suspended` takes precedence over `stuck`. A suspension that was requested during the creation already makes the
  // service `suspended`, because new requests would run after the suspension.
  const willBe = service.lifecycle === 'creating' && service.suspendedFor.length > 0;
  if (service.lifecycle === 'suspended' || willBe) return 'suspended';
  if (service.jobs.some((job) => job.status === 'stuck')) return 'stuck';
  return service.lifecycle;
}

export type Verdict =
  | { readonly kind: 'add'; readonly supersedes: readonly Job[] }
  | { readonly kind: 'join'; readonly job: Job }
  | { readonly kind: 'refuse'; readonly error: AgentError };

/** Decides how to handle a request for a job of this kind with these arguments. */
export function judge(
  service: Service,
  method: KindName,
  args: JsonObject | ((args: JsonObject) => boolean),
): Verdict {
  const lack = lackedPart(service, method);
  if (lack) return refuse(lack);
  const open = service.jobs.filter(isOpen);
  const standing = allowed(method, service);
  if (standing !== 'go') return refuse(standing);
  const joined = joinable(open, method, args);
  if (joined) return { kind: 'join', job: joined };
  if (open.length >= MOST_OPEN && !endsTheSite({ method }) && method !== 'suspend') return refuse('full');
  const supersedes: Job[] = [];
  for (const job of open) {
    const rule = openJobRule(method, job.method);
    if (rule === 'supersede') supersedes.push(job);
    else if (rule !== 'queue') return refuse(rule);
  }
  return { kind: 'add', supersedes };
}

/** First check: is the request allowed in this state of the service? */
function allowed(method: KindName, service: Service): StandingRule {
  return GROUPS[kindData(method).group][standingOf(service)];
}

function lackedPart({ guest, site }: Service, method: KindName): Refusal | undefined {
  const { part } = kindData(method);
  if (part === 'guest' && !guest) return 'noGuest';
  return part === 'site' && !site ? 'noSite' : undefined;
}

/** The newest open job that already does what is requested, unless a later job reverses it. */
function joinable(
  open: readonly Job[],
  method: KindName,
  args: Parameters<typeof judge>[2],
): Job | undefined {
  const { overtakenBy } = kindData(method);
  for (const job of [...open].reverse()) {
    if (isSame(job, method, args)) return job;
    const runsBeside = job.method === 'certificate' && method !== 'certificate';
    const overtakes = overtakenBy === 'anything' || overtakenBy.some((kind) => kind === job.method);
    if (!runsBeside && overtakes) return undefined;
  }
  return undefined;
}

function isSame(job: Job, method: KindName, args: Parameters<typeof judge>[2]): boolean {
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
