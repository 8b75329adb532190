/**
 * Adds a customer's domain to a site: checks name, owner and quota, and records domain and job in one write. The
 * certificate is obtained separately.
 */
import { allowed } from '../model/backups.js';
import { neverAborted } from '../kernel/async/never.js';
import { instant } from '../kernel/clock.js';
import { type DomainName, namesOf, parseDomain, sameOwner, slotOfName } from '../model/domain-name.js';
import { withoutRequestFor } from '../model/requested-domain.js';
import { AgentError } from '../kernel/errors.js';
import { isOpen, type Job } from '../model/job.js';
import { keyOf, type Service, withSite } from '../model/service.js';
import { type CustomDomain, domainsOf } from '../model/site.js';
import type { Caller } from '../model/caller.js';
import { judge } from '../jobs/conflicts.js';
import type { OperationContext } from '../services/context.js';
import { domainRules } from '../services/domain-rules.js';
import { enqueue, type Started } from '../services/enqueue.js';
import { type Proof, proveDomain, refuseOvertaken } from './prove-domain.js';
import { removeDomain } from './remove-domain.js';

export interface AddOptions {
  /** True when a customer waits for the result. */
  readonly interactive?: boolean;
  /** Aborts the DNS lookups. */
  readonly signal?: AbortSignal;
}

/**
 * Throws `domain_invalid`, `domain_exists`, `quota_reached`, `domain_taken`, `domain_not_here`, `domain_caa`,
 * `lookup_failed`, and what `enqueue` throws.
 */
export async function addDomain(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
  sent: string,
  { interactive = true, signal = neverAborted() }: AddOptions = {},
): Promise<Started> {
  const name = parseDomain(sent, domainRules(context.config));
  const service = await context.state.services.get(keyOf({ panel: caller.panel, id }));
  const asked = (args: Job['args']): boolean => args['name'] === name.name;
  const verdict = judge(service, 'addDomain', asked);
  if (verdict.kind === 'refuse') throw verdict.error;
  const under = service.jobs.some((job) => isOpen(job) && job.method === 'addDomain' && asked(job.args));
  if (!under) refuseUnfit(service, name);
  const former = under ? undefined : await formerHolder(context, service, name);
  const proof = under ? undefined : await proveDomain(context, service, name, signal);
  if (former && proof) await takeFrom(context, caller, former, service, name, proof);
  return enqueue(context, caller, id, {
    method: 'addDomain',
    interactive,
    sameArgs: asked,
    change: (current) => {
      // an earlier job, which was still open when the request was checked, has added the domain in the meantime
      if (!proof) throw alreadyThere();
      refuseUnfit(current, name);
      refuseOvertaken(context, current, name, proof);
      const next = withoutRequestFor(withDomain(current, name, proof, instant(context.clock)), name);
      return { service: next, args: argsOf(service, next, name) };
    },
  });
}

function entryFor(service: Service, { slot }: DomainName): CustomDomain | undefined {
  return domainsOf(service).find(({ domain }) => slotOfName(domain) === slot);
}

function refuseUnfit(service: Service, name: DomainName): void {
  const entry = entryFor(service, name);
  if (entry && namesOf(entry).includes(name.name)) throw alreadyThere();
  const used = domainsOf(service).length;
  const most = allowed(service, 'domains');
  if (!entry && used >= most)
    throw new AgentError('quota_reached', `Domain limit reached (${used} of ${most})`);
}

function alreadyThere(): AgentError {
  return new AgentError('domain_exists', 'Domain already exists');
}

/**
 * Finds another service that holds the domain but no longer serves it, because the domain has pointed elsewhere for too
 * long. Throws `domain_taken` if the other service still serves it.
 */
async function formerHolder(
  { state }: OperationContext,
  service: Service,
  { slot }: DomainName,
): Promise<Service | undefined> {
  const holder = state.services.holderOf({ domain: slot });
  if (holder === undefined || holder === keyOf(service)) return undefined;
  const other = await state.services.find(holder).catch(() => undefined);
  const isOff = other && domainsOf(other).find(({ domain }) => slotOfName(domain) === slot)?.stray?.off;
  if (other && isOff === true) return other;
  throw new AgentError('domain_taken', `${slot} belongs to another service.`, { detail: holder });
}

/** Takes the domain from the service that has held it so far, because the new owner has proven ownership. */
async function takeFrom(
  context: OperationContext,
  { requestId }: Pick<Caller, 'requestId'>,
  former: Service,
  service: Service,
  { slot }: DomainName,
  { provenBy }: Proof,
): Promise<void> {
  const taken = new AgentError('domain_taken', `${slot} belongs to another service.`);
  if (provenBy !== 'txt' && !sameOwner(former, service)) throw taken;
  const { panel, id } = former;
  context.log.warn(
    { domain: slot, from: keyOf(former), to: keyOf(service) },
    'moving a domain to its new owner',
  );
  await removeDomain(context, { panel, requestId }, id, slot).catch((error: unknown) => {
    throw new AgentError('domain_taken', taken.message, { cause: error });
  });
}

/**
 * Adds the domain to the service. If the domain's slot has only one of its two names so far, the slot gets the other
 * name too.
 */
function withDomain(service: Service, name: DomainName, proof: Proof, now: string): Service {
  const known = entryFor(service, name);
  const both = known !== undefined || proof.names.length > 1;
  const entry: CustomDomain = {
    domain: both ? name.slot : name.name,
    www: both,
    provenBy: proof.provenBy,
    certificate: known?.certificate ?? { state: 'none', expiresAt: null, problem: null },
    addedAt: known?.addedAt ?? now,
  };
  const others = domainsOf(service).filter((other) => other !== known);
  return withSite(service, { domains: [...others, entry] });
}

/** The arguments of the job. They contain what is needed to undo the job. */
function argsOf(before: Service, after: Service, name: DomainName): Job['args'] {
  const known = entryFor(before, name);
  const entry = entryFor(after, name);
  const had = known ? namesOf(known) : [];
  return {
    name: name.name,
    domain: entry?.domain ?? name.slot,
    www: entry?.www ?? false,
    names: (entry ? namesOf(entry) : []).filter((one) => !had.includes(one)),
    ...(known ? { widened: known.domain } : {}),
  };
}
